#include "worker/models/elu_ties.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <torch/torch.h>

namespace tutti {
namespace {

// exp(low) × (high - low) ≤ ELU(high) - ELU(low), which two roundings of values under one may hide.
constexpr float kRoundings = 3e-7F;
// Beyond, without asking what exp is: exp(-8) × 0.001 is more than the above.
constexpr float kFlat = -8;
constexpr float kFar = 1e-3F;

bool MayBecomeOne(float low, float high) {
  const float apart = high - low;
  if (apart == 0 || (low > kFlat && apart > kFar)) return false;
  return !(apart * std::exp(low) > kRoundings);  // infinity may
}

const float* FirstOf(std::int64_t window, const float* plane, const PoolShape& shape) {
  return plane + window / shape.out_width() * shape.rows * shape.width +
         window % shape.out_width() * shape.columns;
}

std::vector<std::int64_t> NearTies(const float* plane, const PoolShape& shape,
                                   const float* largest) {
  std::vector<std::int64_t> windows;
  for (std::int64_t window = 0; window < shape.out_height() * shape.out_width(); ++window) {
    if (!(largest[window] < 0)) continue;
    const float* first = FirstOf(window, plane, shape);
    bool near = false;
    for (std::int64_t place = 0; place < shape.rows * shape.columns && !near; ++place) {
      near = MayBecomeOne(first[place / shape.columns * shape.width + place % shape.columns],
                          largest[window]);
    }
    if (near) windows.push_back(window);
  }
  return windows;
}

}  // namespace

void SettleEluTies(const float* plane, const PoolShape& shape, float* largest,
                   PoolPlace<float>* places) {
  const std::vector<std::int64_t> windows = NearTies(plane, shape, largest);
  if (windows.empty()) return;
  const std::int64_t size = shape.rows * shape.columns;
  // A row of whole vectors for each window: for the rest of a tensor LibTorch calls another exp.
  const torch::Tensor values = torch::zeros({std::ssize(windows), kEluTiesWindow});
  auto* to = values.data_ptr<float>();
  for (std::size_t i = 0; i < windows.size(); ++i, to += kEluTiesWindow) {
    const float* first = FirstOf(windows[i], plane, shape);
    for (std::int64_t row = 0; row < shape.rows; ++row) {
      std::copy_n(first + row * shape.width, shape.columns, to + row * shape.columns);
    }
  }
  const torch::Tensor of_elu = torch::elu(values);
  const auto* from = values.data_ptr<float>();
  const auto* elus = of_elu.data_ptr<float>();
  for (const std::int64_t window : windows) {
    const auto place = std::max_element(elus, elus + size) - elus;  // the first of equal ones
    largest[window] = from[place];
    places[window] = static_cast<PoolPlace<float>>(place);
    from += kEluTiesWindow;
    elus += kEluTiesWindow;
  }
}

}  // namespace tutti
