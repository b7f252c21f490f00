// A max pool before an ELU that chooses as if it came behind. The ELU keeps the order of values,
// but of two near ones below zero its rounding may make one; a pool behind it takes the first of
// them, whose gradient it is then. Pure but for what it writes; several threads may run it over
// different planes.
#pragma once

#include <cstdint>

#include "worker/models/max_pool_kernels.h"

namespace tutti {

// The most values of a window that it knows.
constexpr std::int64_t kEluTiesWindow = 32;

// plane: [height, width]; largest and places of its windows: as PoolPlanes gives them, and amended.
// What the ELU makes of a value is asked of LibTorch.
void SettleEluTies(const float* plane, const PoolShape& shape, float* largest,
                   PoolPlace<float>* places);

}  // namespace tutti
