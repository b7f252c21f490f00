// Finding NaN and infinity fast: every sample of every track is looked at.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace tutti {

// The index of the first NaN or infinity.
std::optional<std::size_t> FirstNotFinite(std::span<const float> values);

}  // namespace tutti
