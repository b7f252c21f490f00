#include "coordinator/slurm/allocation_plan.h"

#include <algorithm>

namespace tutti {

AllocationStep PlanAllocations(const Demand& demand, int most) {
  if (demand.waiting == 0) return {0, demand.pending > 0};
  const int wanted = std::min(demand.waiting, most) - demand.pending - demand.running;
  return {std::max(0, std::min(wanted, kMostPending - demand.pending)), false};
}

}  // namespace tutti
