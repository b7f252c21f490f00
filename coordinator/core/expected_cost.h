// How long a run will take, as far as one can tell before any has ended: only the order matters.
#pragma once

#include "common/feature_spec.h"
#include "common/json.h"

namespace tutti {

// In seconds of one core, roughly. From a run's configuration: model, slices, epochs. An
// unknown model counts as the heaviest; a missing option as its default. Source of the weights:
// steps of 16 slices measured at 43 and 215 frames.
float ExpectedCost(const Json& config, const FeatureSpec& features);

}  // namespace tutti
