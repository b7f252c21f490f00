#include "coordinator/core/expected_cost.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace tutti {
namespace {

constexpr double kTracks = 1000;  // the same for all runs of a sweep, so any number does

// Milliseconds of one step of 16 slices, per frame of a slice.
double StepMillisecondsPerFrame(std::string_view model) {
  if (model == "rnn") return 0.1;
  if (model == "crnn1d") return 0.16;
  if (model == "crnn2d") return 3.6;
  return 3.9;  // cnn, and what is not known
}

double NumberIn(const Json& object, std::string_view key, double fallback) {
  if (!object.is_object()) return fallback;
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : fallback;
}

}  // namespace

float ExpectedCost(const Json& config, const FeatureSpec& features) {
  const Json none;
  const auto found = config.find("training");
  const Json& training = found != config.end() ? *found : none;
  const double slice_seconds = std::max(NumberIn(config, "slice_seconds", 1), 0.01);
  const double step = slice_seconds * (1 - std::clamp(NumberIn(training, "overlap", 0.5), 0., .99));
  const double slices = 1 + std::max(0.0, (features.clip_seconds - slice_seconds) / step);
  const double steps = kTracks * slices / 16 * NumberIn(training, "epochs", 300);
  const auto frames = static_cast<double>(SliceFrames(features, slice_seconds));
  const auto model = config.find("model");
  const std::string name =
      model != config.end() && model->is_string() ? model->get<std::string>() : "";
  return static_cast<float>(steps * frames * StepMillisecondsPerFrame(name) / 1000);
}

}  // namespace tutti
