#include "coordinator/core/run_plan.h"

#include <map>
#include <utility>

#include "coordinator/core/expected_cost.h"
#include "coordinator/core/fitness.h"
#include "coordinator/core/run_check.h"
#include "coordinator/core/time_model.h"

namespace tutti {

Result<std::shared_ptr<RunPlan>> PlanRuns(const SweepSpec& spec, const std::string& dataset_version,
                                          const Manifest& manifest) {
  const bool needs_features = !spec.dataset.empty();
  if (!needs_features && !spec.options.contains("runner")) {
    return InvalidArgument("sweep " + spec.name + " names no dataset");
  }
  auto plan = std::make_shared<RunPlan>();
  RunChecker checker(manifest);
  std::map<std::string, std::uint32_t> works;
  const auto take = [&](const Json& config, const std::string& key) -> Status {
    PlannedRun& run = plan->runs.emplace_back();
    run.key = *DigestFromHex(key);
    run.config_json = DumpJson(config);
    if (config.contains("runner")) run.kind = JobKind::kCommand;
    if (!needs_features) return {};
    TUTTI_ASSIGN_OR_RETURN(const std::size_t index, checker.Check(config));
    const FeatureSpec& features = checker.specs()[index];
    if (index == plan->specs.size()) plan->specs.push_back(NameFeatureSpec(features));
    run.spec = static_cast<std::uint32_t>(index);
    run.cost = ExpectedCost(config, features);
    run.needs_gpu = NeedsGpu(config);
    if (run.kind != JobKind::kTrain) return {};
    std::string name = WorkName(config);
    const auto [work, is_new] =
        works.try_emplace(name, static_cast<std::uint32_t>(plan->works.size()));
    if (is_new) plan->works.push_back(std::move(name));
    run.work = work->second;
    return {};
  };
  TUTTI_RETURN_IF_ERROR(ForEachRun(spec, dataset_version, take));
  return plan;
}

}  // namespace tutti
