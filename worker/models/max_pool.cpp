#include "worker/models/max_pool.h"

#include <ATen/Parallel.h>

#include "worker/models/max_pool_kernels.h"

namespace tutti {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

template <class Run>
void ForType(const Tensor& of, const Run& run) {
  if (of.scalar_type() == torch::kFloat64) return run(double{});
  run(float{});
}

// Calls run(begin, end) so that the threads share the planes.
template <class Run>
void ForPlanes(const Tensor& x, const Run& run) {
  at::parallel_for(0, x.size(0) * x.size(1), 1, run);
}

PoolShape ShapeOf(const Tensor& x, std::int64_t rows) {
  return {x.size(2), x.size(3), rows, kPoolColumns};
}

struct MaxPool : torch::autograd::Function<MaxPool> {
  static Tensor forward(AutogradContext* context, const Tensor& x, std::int64_t rows) {
    const PoolShape shape = ShapeOf(x, rows);
    const Tensor largest =
        torch::empty({x.size(0), x.size(1), shape.out_height(), shape.out_width()}, x.options());
    Tensor places;
    ForType(x, [&]<class T>(T) {
      const auto type = sizeof(T) == sizeof(double) ? torch::kInt64 : torch::kInt32;
      places = torch::empty(largest.sizes(), type);
      const auto* from = x.data_ptr<T>();
      auto* to = largest.data_ptr<T>();
      auto* at = places.data_ptr<PoolPlace<T>>();
      ForPlanes(x, [&](std::int64_t begin, std::int64_t end) {
        PoolPlanes(from, shape, begin, end, to, at);
      });
    });
    context->save_for_backward({places});
    context->saved_data["sizes"] = x.sizes().vec();
    context->saved_data["rows"] = rows;
    return largest;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& of_outputs) {
    const Tensor places = context->get_saved_variables()[0];
    const Tensor of_largest = of_outputs[0].contiguous();
    const Tensor grads =
        torch::empty(context->saved_data["sizes"].toIntVector(), of_largest.options());
    const PoolShape shape = ShapeOf(grads, context->saved_data["rows"].toInt());
    ForType(grads, [&]<class T>(T) {
      const auto* from = of_largest.data_ptr<T>();
      const auto* at = places.data_ptr<PoolPlace<T>>();
      auto* to = grads.data_ptr<T>();
      ForPlanes(grads, [&](std::int64_t begin, std::int64_t end) {
        SpreadPlanes(from, at, shape, begin, end, to);
      });
    });
    return {grads, Tensor()};
  }
};

}  // namespace

torch::Tensor MaxPool2d(const torch::Tensor& x, std::int64_t rows, std::int64_t columns) {
  const bool known_type = x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kFloat64;
  const PoolShape shape{x.size(2), x.size(3), rows, columns};
  if (!x.is_cpu() || !known_type || !shape.IsKnown()) {
    return torch::max_pool2d(x, {rows, columns});
  }
  return MaxPool::apply(x.contiguous(), rows);
}

torch::Tensor MaxPool1d(const torch::Tensor& x, std::int64_t columns) {
  return MaxPool2d(x.unsqueeze(2), 1, columns).squeeze(2);
}

}  // namespace tutti
