// What a sweep file asks for, run by run, without a look at what is there: pure, and long for a
// large grid, so that it is done before the writer's thread is asked for anything.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "coordinator/core/digest.h"
#include "coordinator/core/job_kinds.h"
#include "coordinator/core/shard.h"
#include "coordinator/core/sweep_spec.h"

namespace tutti {

struct PlannedRun {
  Digest key{};
  std::string config_json;
  float cost = 0;  // expected, in units of ExpectedCost
  bool needs_gpu = false;
  JobKind kind = JobKind::kTrain;
  std::optional<std::uint32_t> spec{};  // index into RunPlan::specs; none: it needs no features
  std::optional<std::uint32_t> work{};  // index into RunPlan::works; none: nothing is learned of it
};

struct RunPlan {
  std::vector<PlannedRun> runs;  // in the grid's order; who adds them takes them out
  std::vector<NamedFeatureSpec> specs;
  std::vector<std::string> works;  // names
};

// kInvalidArgument: the grid cannot be run, as Core::Submit says.
Result<std::shared_ptr<RunPlan>> PlanRuns(const SweepSpec& spec, const std::string& dataset_version,
                                          const Manifest& manifest);

}  // namespace tutti
