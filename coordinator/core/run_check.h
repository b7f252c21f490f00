// Whether a run can be done at all on a dataset: asked before anything of a sweep is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/feature_spec.h"
#include "common/json.h"
#include "common/manifest.h"
#include "common/result.h"

namespace tutti {

inline constexpr std::int64_t kMinSliceFrames = 16;

// Remembers what it has seen, since a million runs have few distinct slices and splits. Owned by
// one thread; `manifest` must outlive it.
class RunChecker {
 public:
  explicit RunChecker(const Manifest& manifest) : manifest_(manifest) {}

  // Index of the run's feature spec in specs(). kInvalidArgument, naming option and value: a bad
  // feature option, a slice longer than the clip or under kMinSliceFrames, a class that is not
  // there, too few tracks for the split, duplicates that may part where the split refuses them.
  Result<std::size_t> Check(const Json& config);

  // Distinct ones, in the order in which they came.
  const std::vector<FeatureSpec>& specs() const { return specs_; }

 private:
  Result<std::size_t> CheckFeatures(const Json& features);
  Status CheckSplit(const Json& split, const Json& classes);

  const Manifest& manifest_;
  std::vector<FeatureSpec> specs_;
  std::map<Json, std::size_t> spec_of_;              // by the option `features`
  std::set<std::pair<std::size_t, double>> slices_;  // spec and seconds that passed
  std::vector<std::pair<Json, Json>> splits_;        // split and classes that passed
};

}  // namespace tutti
