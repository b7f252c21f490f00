// How many workers to ask Slurm for. Pure.
#pragma once

namespace tutti {

// Asked for together while none of them has begun: the queue is not filled with what is not needed
// by the time it begins.
inline constexpr int kMostPending = 2;

struct Demand {
  int waiting = 0;   // jobs that a worker of Slurm could do, and that no worker has
  int pending = 0;   // allocations of ours that wait in Slurm's queue
  int running = 0;   // and those that have begun,
  int starting = 0;  // of which so many have no worker yet that has said hello
};

struct AllocationStep {
  int submit = 0;
  bool cancel_pending = false;  // nothing waits any more

  friend bool operator==(const AllocationStep&, const AllocationStep&) = default;
};

// most: allocations at a time, pending ones too. One that works already does nothing for what
// waits, so that only those that are to come count against it. Those that run end by themselves
// when idle.
AllocationStep PlanAllocations(const Demand& demand, int most);

}  // namespace tutti
