// The part of a submit that only looks: what it would add. Nothing is changed here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/run_plan.h"

namespace tutti {

struct SubmitPlan {
  const Sweep* existing = nullptr;
  std::int64_t runs_planned = 0;
  std::int64_t runs_already_there = 0;
  std::vector<PlannedRun> added;            // in the grid's order
  std::vector<NamedFeatureSpec> specs;      // by PlannedRun::spec
  std::vector<std::string> works;           // by PlannedRun::work
  std::vector<std::uint32_t> needed_specs;  // those of the added runs
  std::vector<JobId> no_longer_named;       // in id order
  std::vector<std::string> notes;           // changed operational options
};

// Takes the runs of submit.runs. Errors as Core::Submit.
Result<SubmitPlan> PlanSubmit(Books& books, const SubmitSweep& submit);

}  // namespace tutti
