#include "coordinator/slurm/allocation_plan.h"

#include <algorithm>

namespace tutti {

AllocationStep PlanAllocations(const Demand& demand, int most) {
  if (demand.waiting == 0) return {0, demand.pending > 0};
  const int needed = demand.waiting - demand.pending - demand.starting;
  const int room = most - demand.pending - demand.running;
  return {std::max(0, std::min({needed, room, kMostPending - demand.pending})), false};
}

}  // namespace tutti
