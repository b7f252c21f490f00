#include "worker/models/batch_norm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include "worker/models/batch_norm_kernels.h"
#include "worker/models/elu_ties.h"
#include "worker/models/max_pool.h"
#include "worker/models/max_pool_kernels.h"

namespace tutti {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using torch::nn::BatchNorm2d;

// Those that LibTorch's compilers have made or may make; which one it is here, an example tells.
constexpr std::array<DotOrder, 8> kOrders{{{8, false, true},
                                           {8, true, true},
                                           {8, false, false},
                                           {8, true, false},
                                           {16, false, true},
                                           {16, true, true},
                                           {16, false, false},
                                           {16, true, false}}};

ChannelPlanes PlanesOf(const Tensor& x) {
  const std::int64_t size = x.size(2) * x.size(3);
  return {x.size(0), size, x.size(1) * size};
}

// Calls run(channel, room for a plane) for each channel; the threads share them.
template <class Run>
void ForChannels(const Tensor& x, const Run& run) {
  at::parallel_for(0, x.size(1), 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> plane(static_cast<std::size_t>(PlanesOf(x).size));
    for (std::int64_t channel = begin; channel < end; ++channel) run(channel, plane.data());
  });
}

// What a norm works with: one value a channel.
struct Norm {
  explicit Norm(const BatchNorm2d& norm)
      : weight(norm->weight),
        bias(norm->bias),
        running_mean(norm->running_mean),
        running_var(norm->running_var),
        momentum(norm->options.momentum().value()),
        eps(norm->options.eps()) {}

  Tensor weight, bias, running_mean, running_var;
  double momentum, eps;
};

// Calls take(plane's number, its values, alpha, beta, room for a plane) so that it makes of each
// plane of x what lies behind the norm. Returns means and inverse deviations, [2, channels].
template <class Take>
Tensor NormChannels(const Tensor& x, const Norm& norm, const Take& take) {
  const ChannelPlanes planes = PlanesOf(x);
  const std::int64_t channels = x.size(1);
  const std::int64_t count = planes.count * planes.size;
  const Tensor statistics = torch::empty({2, channels}, x.options());
  const auto* values = x.data_ptr<float>();
  const auto* weights = norm.weight.data_ptr<float>();
  const auto* biases = norm.bias.data_ptr<float>();
  auto* running_means = norm.running_mean.data_ptr<float>();
  auto* running_vars = norm.running_var.data_ptr<float>();
  auto* means = statistics.data_ptr<float>();
  auto* inverse_deviations = means + channels;
  const auto momentum = static_cast<float>(norm.momentum);
  const float keeps = 1 - momentum;
  ForChannels(x, [&](std::int64_t c, float* plane) {
    const float* first = values + c * planes.size;
    const auto mean = static_cast<float>(SumOf(first, planes) / static_cast<double>(count));
    const auto squares = static_cast<float>(SumOfSquares(first, planes, mean));
    const double var = squares / static_cast<float>(count);
    const float unbiased_var = squares / static_cast<float>(count - 1);
    means[c] = mean;
    inverse_deviations[c] = static_cast<float>(1 / std::sqrt(var + norm.eps));
    // Fused as LibTorch's compiler did it; of two roundings one may differ on other processors, and
    // nothing of a training comes from these sums.
    running_means[c] = momentum * mean + keeps * running_means[c];
    running_vars[c] = std::fma(momentum, unbiased_var, keeps * running_vars[c]);
    const float alpha = inverse_deviations[c] * weights[c];
    const float beta = std::fma(-mean, alpha, biases[c]);
    for (std::int64_t i = 0; i < planes.count; ++i) {
      take(i * channels + c, first + i * planes.distance, alpha, beta, plane);
    }
  });
  return statistics;
}

// Calls give(plane's number, room for a plane) so that it writes the gradients of the norm's output
// there, twice for each. Returns those of x, weight and bias.
template <class Give>
tensor_list NormGrads(const Tensor& x, const Tensor& weight, const Tensor& statistics,
                      const DotOrder& order, const Give& give) {
  const ChannelPlanes planes = PlanesOf(x);
  const std::int64_t channels = x.size(1);
  const std::int64_t count = planes.count * planes.size;
  const Tensor grads = torch::empty_like(x);
  const Tensor of_weight = torch::empty_like(weight);
  const Tensor of_bias = torch::empty_like(weight);
  const auto* values = x.data_ptr<float>();
  const auto* weights = weight.data_ptr<float>();
  const auto* means = statistics.data_ptr<float>();
  auto* to = grads.data_ptr<float>();
  auto* to_weight = of_weight.data_ptr<float>();
  auto* to_bias = of_bias.data_ptr<float>();
  ForChannels(x, [&](std::int64_t c, float* plane) {
    ChannelGrads channel{means[c], means[channels + c], weights[c], 0, 0};
    double sum = 0;
    double dots = 0;
    for (std::int64_t i = 0; i < planes.count; ++i) {
      const std::int64_t at = i * channels + c;
      give(at, plane);
      const GradSums sums =
          SumGrads(values + at * planes.size, plane, planes.size, channel.mean, order);
      sum += sums.grads;
      dots += sums.dots;
    }
    channel.mean_grad = static_cast<float>(sum / static_cast<double>(count));
    channel.slope = static_cast<float>(dots) * channel.inverse_deviation *
                    channel.inverse_deviation / static_cast<float>(count);
    for (std::int64_t i = 0; i < planes.count; ++i) {
      const std::int64_t at = i * channels + c;
      give(at, plane);
      InputGrads(values + at * planes.size, plane, planes.size, channel, to + at * planes.size);
    }
    to_weight[c] = static_cast<float>(dots * channel.inverse_deviation);
    to_bias[c] = static_cast<float>(sum);
  });
  return {grads, of_weight, of_bias};
}

const DotOrder& OrderOf(AutogradContext& context) {
  return kOrders[static_cast<std::size_t>(context.saved_data["order"].toInt())];
}

struct NormRelu : torch::autograd::Function<NormRelu> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const Tensor& /*bias*/, const Norm& norm, std::int64_t order) {
    const Tensor out = torch::empty_like(x);
    const std::int64_t size = PlanesOf(x).size;
    auto* to = out.data_ptr<float>();
    const Tensor statistics = NormChannels(
        x, norm, [&](std::int64_t at, const float* from, float alpha, float beta, float* /*room*/) {
          ScaleAndRectifyPlane(from, size, alpha, beta, to + at * size);
        });
    context->save_for_backward({x, weight, statistics, out});
    context->saved_data["order"] = order;
    return out;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& of_outputs) {
    const auto saved = context->get_saved_variables();
    const Tensor of_out = of_outputs[0].contiguous();
    const std::int64_t size = PlanesOf(saved[0]).size;
    const auto* from = of_out.data_ptr<float>();
    const auto* out = saved[3].data_ptr<float>();
    tensor_list grads = NormGrads(saved[0], saved[1], saved[2], OrderOf(*context),
                                  [&](std::int64_t at, float* plane) {
                                    RectifyGrads(from + at * size, out + at * size, size, plane);
                                  });
    grads.resize(grads.size() + 2);
    return grads;
  }
};

// elu_follows: chooses as a pool behind the ELU does.
struct NormMaxPool : torch::autograd::Function<NormMaxPool> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const Tensor& /*bias*/, const Norm& norm, std::int64_t order,
                        std::int64_t rows, bool elu_follows) {
    const PoolShape shape{x.size(2), x.size(3), rows, kPoolColumns};
    const Tensor largest =
        torch::empty({x.size(0), x.size(1), shape.out_height(), shape.out_width()}, x.options());
    const Tensor places = torch::empty(largest.sizes(), torch::kInt32);
    const std::int64_t size = shape.out_height() * shape.out_width();
    auto* to = largest.data_ptr<float>();
    auto* to_places = places.data_ptr<std::int32_t>();
    const Tensor statistics = NormChannels(
        x, norm, [&](std::int64_t at, const float* from, float alpha, float beta, float* room) {
          ScalePlane(from, shape.height * shape.width, alpha, beta, room);
          PoolPlanes(room, shape, 0, 1, to + at * size, to_places + at * size);
          if (elu_follows) SettleEluTies(room, shape, to + at * size, to_places + at * size);
        });
    context->save_for_backward({x, weight, statistics, places});
    context->saved_data["order"] = order;
    context->saved_data["rows"] = rows;
    return largest;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& of_outputs) {
    const auto saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor of_largest = of_outputs[0].contiguous();
    const PoolShape shape{x.size(2), x.size(3), context->saved_data["rows"].toInt(), kPoolColumns};
    const std::int64_t size = shape.out_height() * shape.out_width();
    const auto* from = of_largest.data_ptr<float>();
    const auto* places = saved[3].data_ptr<std::int32_t>();
    tensor_list grads =
        NormGrads(x, saved[1], saved[2], OrderOf(*context), [&](std::int64_t at, float* plane) {
          SpreadPlanes(from + at * size, places + at * size, shape, 0, 1, plane);
        });
    grads.resize(grads.size() + 4);
    return grads;
  }
};

Tensor OurNormAndRelu(BatchNorm2d& norm, const Tensor& x, std::int64_t order) {
  norm->num_batches_tracked += 1;
  return NormRelu::apply(x, norm->weight, norm->bias, Norm(norm), order);
}

Tensor OurNormAndMaxPool(BatchNorm2d& norm, const Tensor& x, std::int64_t order, std::int64_t rows,
                         bool elu_follows = false) {
  norm->num_batches_tracked += 1;
  return NormMaxPool::apply(x, norm->weight, norm->bias, Norm(norm), order, rows, elu_follows);
}

// Output and gradients of a step of an example, which is the same for all. Its planes leave a rest
// in vectors of every width.
template <class Run>
tensor_list StepOfExample(const Run& run) {
  const torch::AutoGradMode watched(true);
  const std::vector<std::int64_t> sizes{5, 6, 11, 26};
  const Tensor x =
      torch::arange(5 * 6 * 11 * 26, torch::kFloat32).mul(0.7F).sin().mul(3).view(sizes);
  x.requires_grad_(true);
  BatchNorm2d norm(sizes[1]);
  {
    const torch::NoGradGuard unwatched;
    norm->weight.copy_(torch::linspace(-0.6, 1.7, sizes[1]));
    norm->bias.copy_(torch::linspace(-0.3, 0.2, sizes[1]));
  }
  const Tensor out = run(norm, x);
  out.backward(torch::arange(out.numel(), torch::kFloat32).cos().view(out.sizes()));
  return {out.detach(), x.grad(), norm->weight.grad(), norm->bias.grad()};
}

bool AreEqual(const tensor_list& some, const tensor_list& others) {
  return std::equal(some.begin(), some.end(), others.begin(), others.end(), torch::equal);
}

// The order in kOrders that LibTorch's kernels have here; negative: none of them.
std::int64_t FindOrder() {
  const std::string capability = at::get_cpu_capability();
  const int lanes = capability == "AVX2" ? 8 : capability == "AVX512" ? 16 : 0;
  if (lanes == 0) return -1;
  const tensor_list relu = StepOfExample(
      [](BatchNorm2d& norm, const Tensor& x) { return torch::relu(norm->forward(x)); });
  const tensor_list pool = StepOfExample([](BatchNorm2d& norm, const Tensor& x) {
    return MaxPool2d(norm->forward(x), 2, kPoolColumns);
  });
  for (std::int64_t order = 0; order < std::ssize(kOrders); ++order) {
    if (kOrders[static_cast<std::size_t>(order)].lanes != lanes) continue;
    const auto our_relu = [order](BatchNorm2d& norm, const Tensor& x) {
      return OurNormAndRelu(norm, x, order);
    };
    const auto our_pool = [order](BatchNorm2d& norm, const Tensor& x) {
      return OurNormAndMaxPool(norm, x, order, 2);
    };
    if (AreEqual(StepOfExample(our_relu), relu) && AreEqual(StepOfExample(our_pool), pool)) {
      return order;
    }
  }
  return -1;
}

std::int64_t OrderHere() {
  static const std::int64_t order = FindOrder();
  return order;
}

bool CanBeOurs(const BatchNorm2d& norm, const Tensor& x) {
  const auto& options = norm->options;
  const bool plain = x.is_cpu() && x.scalar_type() == torch::kFloat32 && x.is_contiguous() &&
                     norm->is_training() && torch::GradMode::is_enabled() && options.affine() &&
                     options.track_running_stats() && options.momentum().has_value() &&
                     norm->weight.scalar_type() == torch::kFloat32;
  if (!plain || OrderHere() < 0) return false;
  return x.size(2) * x.size(3) >= kOrders[static_cast<std::size_t>(OrderHere())].lanes;
}

bool CanBeOurs(const BatchNorm2d& norm, const Tensor& x, std::int64_t rows, std::int64_t columns) {
  return PoolShape{x.size(2), x.size(3), rows, columns}.IsKnown() && CanBeOurs(norm, x);
}

}  // namespace

bool NormsAreOurs() {
  return OrderHere() >= 0;
}

Tensor NormAndRelu(BatchNorm2d& norm, const Tensor& x) {
  if (CanBeOurs(norm, x)) return OurNormAndRelu(norm, x, OrderHere());
  return torch::relu(norm->forward(x));
}

Tensor NormAndMaxPool(BatchNorm2d& norm, const Tensor& x, std::int64_t rows, std::int64_t columns) {
  if (CanBeOurs(norm, x, rows, columns)) return OurNormAndMaxPool(norm, x, OrderHere(), rows);
  return MaxPool2d(norm->forward(x), rows, columns);
}

Tensor NormEluAndMaxPool(BatchNorm2d& norm, const Tensor& x, std::int64_t rows,
                         std::int64_t columns) {
  // A rest of less than LibTorch's vectors has another exp, here and there for other values.
  const bool whole =
      x.size(0) * x.size(1) % kEluTiesWindow == 0 && rows * columns <= kEluTiesWindow;
  // Without gradients it is all one where a value lay.
  if (!torch::GradMode::is_enabled()) return torch::elu(MaxPool2d(norm->forward(x), rows, columns));
  if (!whole || !CanBeOurs(norm, x, rows, columns)) {
    return MaxPool2d(torch::elu(norm->forward(x)), rows, columns);
  }
  const Tensor out = torch::elu(OurNormAndMaxPool(norm, x, OrderHere(), rows, true));
  // For gradients laid out otherwise LibTorch's ELU calls another exp, without vectors.
  out.register_hook([](const Tensor& grad) { return grad.contiguous(); });
  return out;
}

}  // namespace tutti
