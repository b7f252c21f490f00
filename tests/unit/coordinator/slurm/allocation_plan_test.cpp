#include "coordinator/slurm/allocation_plan.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace tutti {
namespace {

constexpr int kMost = 4;

TEST(AllocationPlan, AsksForWorkersWhileJobsWait) {
  EXPECT_EQ(PlanAllocations({.waiting = 1}, kMost), (AllocationStep{1, false}));
  EXPECT_EQ(PlanAllocations({.waiting = 9}, kMost), (AllocationStep{2, false}));
  EXPECT_EQ(PlanAllocations({.waiting = 9, .pending = 1, .running = 1}, kMost),
            (AllocationStep{1, false}));
}

TEST(AllocationPlan, WorkersThatAreBusyDoNothingForWhatWaits) {
  EXPECT_EQ(PlanAllocations({.waiting = 1, .running = 3}, kMost), (AllocationStep{1, false}));
  EXPECT_EQ(PlanAllocations({.waiting = 2, .running = 2}, kMost), (AllocationStep{2, false}));
}

TEST(AllocationPlan, WhatIsOnItsWayIsNotAskedForAgain) {
  EXPECT_EQ(PlanAllocations({.waiting = 1, .pending = 1}, kMost), (AllocationStep{0, false}));
  EXPECT_EQ(PlanAllocations({.waiting = 1, .running = 1, .starting = 1}, kMost),
            (AllocationStep{0, false}));
  EXPECT_EQ(PlanAllocations({.waiting = 2, .running = 1, .starting = 1}, kMost),
            (AllocationStep{1, false}));
}

TEST(AllocationPlan, NeverHasMoreThanItMay) {
  for (int waiting = 0; waiting < 8; ++waiting) {
    for (int pending = 0; pending <= kMost; ++pending) {
      for (int running = 0; pending + running <= kMost; ++running) {
        for (int starting = 0; starting <= running; ++starting) {
          const AllocationStep step = PlanAllocations({waiting, pending, running, starting}, kMost);
          EXPECT_GE(step.submit, 0);
          EXPECT_LE(step.submit + pending + running, kMost);
          EXPECT_LE(step.submit + pending, std::max(pending, kMostPending));
          EXPECT_LE(step.submit, waiting);
          const bool starves =
              waiting > pending + starting && pending < kMostPending && pending + running < kMost;
          EXPECT_EQ(step.submit > 0, starves);
        }
      }
    }
  }
}

TEST(AllocationPlan, TakesBackWhatWaitsForNothing) {
  EXPECT_EQ(PlanAllocations({.pending = 1, .running = 2}, kMost), (AllocationStep{0, true}));
  EXPECT_EQ(PlanAllocations({.running = 2}, kMost), (AllocationStep{0, false}))
      << "a worker ends by itself when it is idle";
}

}  // namespace
}  // namespace tutti
