#include "worker/models/batch_norm_kernels.h"

#include <array>
#include <cstring>

#include "common/vector_clones.h"

// Templates are inlined into functions that are compiled for each kind of processor.
#define TUTTI_INLINE [[gnu::always_inline]] inline

namespace tutti {
namespace {

constexpr std::int64_t kSumLanes = 16;

// The sum of value(x) over the planes, in kSumLanes doubles.
template <class Value>
TUTTI_INLINE double SumPlanes(const float* x, const ChannelPlanes& planes, const Value& value) {
  std::array<double, kSumLanes> sums{};
  double rest = 0;
  for (std::int64_t plane = 0; plane < planes.count; ++plane) {
    const float* from = x + plane * planes.distance;
    const std::int64_t whole = planes.size - planes.size % kSumLanes;
    for (std::int64_t i = 0; i < whole; i += kSumLanes) {
      for (std::int64_t lane = 0; lane < kSumLanes; ++lane) sums[lane] += value(from[i + lane]);
    }
    for (std::int64_t i = whole; i < planes.size; ++i) rest += value(from[i]);
  }
  for (const double sum : sums) rest += sum;
  return rest;
}

// Halves upon halves, as LibTorch's shuffles go.
template <std::size_t kLanes>
TUTTI_INLINE float SumLanes(std::array<float, kLanes> lanes) {
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

// A vector register's floats, wherever they lie.
constexpr std::size_t kWidth = 8;
using Lanes
    [[gnu::vector_size(kWidth * sizeof(float)), gnu::aligned(alignof(float)), gnu::may_alias]] =
        float;

template <bool kFuses>
TUTTI_INLINE void AddProducts(const float* x, float mean, const float* of_y, Lanes& dots) {
  if constexpr (kFuses) {
    Lanes sums;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kWidth; ++i) {
      sums[i] = __builtin_fmaf(x[i] - mean, of_y[i], dots[i]);
    }
    dots = sums;
  } else {
    dots += (*reinterpret_cast<const Lanes*>(x) - mean) * *reinterpret_cast<const Lanes*>(of_y);
  }
}

template <std::size_t kLanes, bool kFuses, bool kFusesRest>
TUTTI_INLINE GradSums SumGradsIn(const float* x, const float* of_y, std::int64_t size, float mean) {
  constexpr std::size_t kVectors = kLanes / kWidth;
  constexpr auto kStep = static_cast<std::int64_t>(kLanes);
  Lanes grad_lanes[kVectors]{};
  Lanes dot_lanes[kVectors]{};
  std::int64_t i = 0;
  for (; i < size - size % kStep; i += kStep) {
#pragma GCC unroll 2
    for (std::size_t vector = 0; vector < kVectors; ++vector) {
      const float* y = of_y + i + vector * kWidth;
      grad_lanes[vector] += *reinterpret_cast<const Lanes*>(y);
      AddProducts<kFuses>(x + i + vector * kWidth, mean, y, dot_lanes[vector]);
    }
  }
  std::array<float, kLanes> grads;
  std::array<float, kLanes> dots;
  std::memcpy(grads.data(), grad_lanes, sizeof(grads));
  std::memcpy(dots.data(), dot_lanes, sizeof(dots));
  for (std::size_t lane = 0; i < size; ++i, ++lane) {
    grads[lane] += of_y[i];
    if constexpr (kFusesRest) {
      dots[lane] = __builtin_fmaf(x[i] - mean, of_y[i], dots[lane]);
    } else {
      dots[lane] += (x[i] - mean) * of_y[i];
    }
  }
  return {SumLanes(grads), SumLanes(dots)};
}

template <std::size_t kLanes>
TUTTI_INLINE GradSums SumGradsBy(const float* x, const float* of_y, std::int64_t size, float mean,
                                 const DotOrder& order) {
  if (order.fuses) {
    return order.fuses_rest ? SumGradsIn<kLanes, true, true>(x, of_y, size, mean)
                            : SumGradsIn<kLanes, true, false>(x, of_y, size, mean);
  }
  return order.fuses_rest ? SumGradsIn<kLanes, false, true>(x, of_y, size, mean)
                          : SumGradsIn<kLanes, false, false>(x, of_y, size, mean);
}

}  // namespace

TUTTI_VECTOR_CLONES double SumOf(const float* x, const ChannelPlanes& planes) {
  return SumPlanes(x, planes, [](float value) { return static_cast<double>(value); });
}

TUTTI_VECTOR_CLONES double SumOfSquares(const float* x, const ChannelPlanes& planes, float mean) {
  return SumPlanes(x, planes, [mean](float value) {
    const float distance = value - mean;
    return static_cast<double>(distance * distance);
  });
}

TUTTI_VECTOR_CLONES void ScalePlane(const float* x, std::int64_t size, float alpha, float beta,
                                    float* __restrict y) {
  for (std::int64_t i = 0; i < size; ++i) y[i] = __builtin_fmaf(x[i], alpha, beta);
}

TUTTI_VECTOR_CLONES void ScaleAndRectifyPlane(const float* x, std::int64_t size, float alpha,
                                              float beta, float* __restrict y) {
  for (std::int64_t i = 0; i < size; ++i) {
    const float value = __builtin_fmaf(x[i], alpha, beta);
    y[i] = value < 0.0F ? 0.0F : value;
  }
}

TUTTI_VECTOR_CLONES void RectifyGrads(const float* of_y, const float* y, std::int64_t size,
                                      float* __restrict grads) {
  for (std::int64_t i = 0; i < size; ++i) grads[i] = y[i] <= 0.0F ? 0.0F : of_y[i];
}

TUTTI_VECTOR_CLONES GradSums SumGrads(const float* x, const float* of_y, std::int64_t size,
                                      float mean, const DotOrder& order) {
  return order.lanes == 16 ? SumGradsBy<16>(x, of_y, size, mean, order)
                           : SumGradsBy<8>(x, of_y, size, mean, order);
}

TUTTI_VECTOR_CLONES void InputGrads(const float* x, const float* of_y, std::int64_t size,
                                    const ChannelGrads& channel, float* __restrict grads) {
  const ChannelGrads c = channel;
  for (std::int64_t i = 0; i < size; ++i) {
    const float centred = __builtin_fmaf(c.mean - x[i], c.slope, of_y[i] - c.mean_grad);
    grads[i] = centred * c.inverse_deviation * c.weight;
  }
}

}  // namespace tutti
