// Whether a run can be done at all on a dataset: asked before anything of a sweep is stored.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
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

  // The run's feature spec. kInvalidArgument, naming option and value: a bad feature option, a
  // slice longer than the clip or under kMinSliceFrames, a class that is not there, too few tracks
  // for the split, duplicates where the split refuses them.
  Result<FeatureSpec> Check(const Json& config);

 private:
  Result<FeatureSpec> CheckFeatures(const Json& config);
  Status CheckSplit(const Json& config);

  const Manifest& manifest_;
  std::map<std::string, FeatureSpec> features_;  // by JSON text
  std::set<std::string> slices_;                 // features and slice that passed
  std::set<std::string> splits_;                 // split and classes that passed
};

}  // namespace tutti
