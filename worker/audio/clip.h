// One track's clip: decoded, mono, at the feature spec's rate, cut or zero-padded to its length.
#pragma once

#include <filesystem>
#include <vector>

#include "common/feature_spec.h"
#include "common/result.h"

namespace tutti {

// ClipSamples(spec) samples. The values are those of decoding and resampling the whole file and
// then cutting (librosa.load, then fix_length), but only what the clip needs is read: damage after
// the clip is not seen. kDataLoss: undecodable, no sample at all, NaN or infinity. Other errors as
// AudioReader::Open: trouble with the disk, not with the track.
Result<std::vector<float>> LoadClip(const std::filesystem::path& path, const FeatureSpec& spec);

}  // namespace tutti
