// From mel powers to features: decibels relative to the loudest, then min-max to [0, 1].
//
// Source: librosa 0.11 power_to_db(ref=np.max, amin=1e-10, top_db=80) as numpy >= 2 computes it
// (every step rounded to float32), then (x - min) / (max - min) over the song.
#pragma once

#include <span>

#include "common/result.h"

namespace tutti {

// log10 of each value, in place, within half a float32 step. Requires finite values >= 1e-37.
void Log10InPlace(std::span<float> values);

// In place: powers >= 0 in, features in [0, 1] out; all zeros where the song is constant (silence).
// kDataLoss: a power that is not finite (samples too large for float32 powers).
Status PowersToFeatures(std::span<float> values);

}  // namespace tutti
