// Clips as tutti-preprocess loads them: {"audio", "features": {spec}, "out"} writes tensor
// `samples`.
#include <span>

#include "common/feature_spec.h"
#include "common/safetensors.h"
#include "tests/golden/probe.h"
#include "worker/audio/clip.h"

namespace tutti {
namespace {

Result<Json> WriteClip(const Json& item) {
  TUTTI_ASSIGN_OR_RETURN(const auto audio, Field<std::string>(item, "audio", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto out, Field<std::string>(item, "out", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto features, Field<Json>(item, "features", "case"));
  TUTTI_ASSIGN_OR_RETURN(const FeatureSpec spec, FeatureSpecFromJson(features));
  TUTTI_ASSIGN_OR_RETURN(const std::vector<float> clip, LoadClip(audio, spec));
  const TensorView samples{
      ElementType::kF32, {static_cast<std::int64_t>(clip.size())}, std::as_bytes(std::span(clip))};
  TUTTI_RETURN_IF_ERROR(WriteSafetensors(out, {{"samples", samples}}, {}));
  return Json(out);
}

}  // namespace
}  // namespace tutti

int main() {
  return tutti::RunProbe(tutti::WriteClip);
}
