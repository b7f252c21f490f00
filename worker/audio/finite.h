// NaN, infinity and the peak found fast: every sample of every track is looked at.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace tutti {

// The index of the first NaN or infinity.
std::optional<std::size_t> FirstNotFinite(std::span<const float> values);

// The largest magnitude; 0 of nothing. Requires finite values.
float Peak(std::span<const float> values);

}  // namespace tutti
