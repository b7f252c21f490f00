// The name of a feature spec: what shards, checkpoints and verdicts carry.
#pragma once

#include <string>

#include "common/feature_spec.h"
#include "common/hash.h"
#include "common/json.h"

namespace tutti {

inline std::string FeatureSpecHash(const FeatureSpec& spec) {
  return Sha256Hex(DumpJson(ToJson(spec)));
}

}  // namespace tutti
