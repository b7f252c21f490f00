// The loops of batch_norm.cpp over planes of an image, float32. Pure but for what they write;
// several threads may run them at once. Arithmetic, its order and where it is fused are those of
// LibTorch's kernel for contiguous images (aten/src/ATen/native/cpu/batch_norm_kernel.cpp).
#pragma once

#include <cstdint>

namespace tutti {

// One channel of a batch: planes of size values, distance values from one to the next.
struct ChannelPlanes {
  std::int64_t count;
  std::int64_t size;
  std::int64_t distance;
};

// Summed in double, lanes side by side: another order than LibTorch's, so that the sum's last bits
// are others; those of the rounded float are not, but once in some ten million.
double SumOf(const float* x, const ChannelPlanes& planes);
// Of the squares, rounded to float, of (x - mean).
double SumOfSquares(const float* x, const ChannelPlanes& planes, float mean);

// y = x × alpha + beta, fused.
void ScalePlane(const float* x, std::int64_t size, float alpha, float beta, float* y);
// The same, and no less than zero. NaN stays.
void ScaleAndRectifyPlane(const float* x, std::int64_t size, float alpha, float beta, float* y);
// The gradients of what went into the ReLU above: those of y where it is over zero.
void RectifyGrads(const float* of_y, const float* y, std::int64_t size, float* grads);

struct GradSums {
  float grads;  // sum of the gradients of y
  float dots;   // sum of (x - mean) × gradient
};
// How LibTorch's compiler made its sum of products for this processor.
struct DotOrder {
  int lanes;        // floats in a vector: 8 or 16
  bool fuses;       // a product and the sum it is added to, in whole vectors
  bool fuses_rest;  // the same in the rest of a plane
};
// In float. size is lanes at least.
GradSums SumGrads(const float* x, const float* of_y, std::int64_t size, float mean,
                  const DotOrder& order);

struct ChannelGrads {
  float mean;
  float inverse_deviation;
  float weight;
  float mean_grad;
  float slope;  // of (x - mean)
};
void InputGrads(const float* x, const float* of_y, std::int64_t size, const ChannelGrads& channel,
                float* grads);

}  // namespace tutti
