// The part of a submit that only looks: what it would add. Nothing is changed here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "coordinator/core/books.h"

namespace tutti {

struct PlannedRun {
  std::string key;
  Digest digest{};
  std::string config_json;
  float cost_seconds = 0;
  bool needs_gpu = false;
  JobKind kind = JobKind::kTrain;
  std::optional<std::size_t> spec;  // index into SubmitPlan::specs; none: it needs no features
};

struct SubmitPlan {
  const Sweep* existing = nullptr;
  std::int64_t runs_planned = 0;
  std::int64_t runs_already_there = 0;
  std::vector<PlannedRun> added;        // in the grid's order
  std::vector<NamedFeatureSpec> specs;  // of the added runs
  std::vector<JobId> no_longer_named;   // in id order
  std::vector<std::string> notes;       // changed operational options
};

// Errors as Core::Submit.
Result<SubmitPlan> PlanSubmit(Books& books, const SubmitSweep& submit);

}  // namespace tutti
