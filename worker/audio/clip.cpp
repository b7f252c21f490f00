#include "worker/audio/clip.h"

#include <cstddef>
#include <span>
#include <string>

#include "worker/audio/decode.h"
#include "worker/audio/resample.h"

namespace tutti {
namespace {

constexpr std::size_t kPieceSamples = 32'768;

Error NoSamples(const std::filesystem::path& path) {
  return DataLoss("cannot decode " + path.string() + ": there is not one sample in it");
}

Status FillResampled(AudioReader& reader, const std::filesystem::path& path, int rate_hz,
                     std::span<float> clip) {
  auto resampler = StreamResampler::Create(reader.sample_rate_hz(), rate_hz);
  if (!resampler.ok()) {
    // The rate that the track's header names is at fault: the spec's own is in range.
    return DataLoss("cannot decode " + path.string() + ": " + resampler.error().message);
  }
  std::vector<float> piece(kPieceSamples);
  bool any = false;
  while (!clip.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const std::size_t got, reader.Read(piece));
    any = any || got > 0;
    TUTTI_ASSIGN_OR_RETURN(const std::size_t given,
                           (*resampler)->Push(std::span(piece).first(got), clip));
    clip = clip.subspan(given);
    if (got == piece.size()) continue;
    if (!any) return NoSamples(path);
    TUTTI_RETURN_IF_ERROR((*resampler)->Finish(clip));
    return {};
  }
  return {};
}

}  // namespace

Result<std::vector<float>> LoadClip(const std::filesystem::path& path, const FeatureSpec& spec) {
  TUTTI_ASSIGN_OR_RETURN(const auto reader, AudioReader::Open(path));
  const auto rate_hz = static_cast<int>(spec.sample_rate_hz);
  std::vector<float> clip(static_cast<std::size_t>(ClipSamples(spec)));
  if (reader->sample_rate_hz() == rate_hz) {
    TUTTI_ASSIGN_OR_RETURN(const std::size_t got, reader->Read(clip));
    if (got == 0) return NoSamples(path);
  } else {
    TUTTI_RETURN_IF_ERROR(FillResampled(*reader, path, rate_hz, clip));
  }
  return clip;
}

}  // namespace tutti
