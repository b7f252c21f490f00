#include "worker/models/recurrent.h"

#include <algorithm>

#include <ATen/Parallel.h>

#include "worker/models/recurrent_kernels.h"

namespace tutti {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using torch::autograd::Variable;

RecurrentSize SizeOf(const Tensor& states) {
  return {states.size(0), states.size(1), states.size(2)};
}

// Calls run(rows) so that the threads share the batch.
template <class Run>
void ForRows(std::int64_t batch, const Run& run) {
  const std::int64_t threads = at::get_num_threads();
  at::parallel_for(0, batch, (batch + threads - 1) / threads,
                   [&](std::int64_t begin, std::int64_t end) { run(BatchRows{begin, end}); });
}

template <class Run>
void ForType(const Tensor& of, const Run& run) {
  if (of.scalar_type() == torch::kFloat64) return run(double{});
  run(float{});
}

// [time, batch, n] as [time * batch, n]
Tensor Flat(const Tensor& x) {
  return x.flatten(0, 1);
}

// The gradients of a layer's parameters, by one product over all steps each; undefined where none
// is wanted. input_grads: of the input's part of the gates, recurrent_grads: of the recurrent part.
tensor_list LayerGrads(AutogradContext* context, const Tensor& input, const Tensor& states,
                       const Tensor& input_weights, const Tensor& input_grads,
                       const Tensor& recurrent_grads) {
  tensor_list grads(5);
  const auto wanted = [&](std::size_t i) { return context->needs_input_grad(i); };
  const std::int64_t later = states.size(0) - 1;  // steps that have a step before
  if (wanted(0)) grads[0] = Flat(input_grads).mm(input_weights).view(input.sizes());
  if (wanted(1)) grads[1] = Flat(input_grads).t().mm(Flat(input));
  if (wanted(2)) {
    grads[2] = Flat(recurrent_grads.narrow(0, 1, later)).t().mm(Flat(states.narrow(0, 0, later)));
  }
  if (wanted(3)) grads[3] = Flat(input_grads).sum(0);
  if (wanted(4)) {
    const bool same = grads[3].defined() && input_grads.is_same(recurrent_grads);
    grads[4] = same ? grads[3].clone() : Flat(recurrent_grads).sum(0);
  }
  return grads;
}

// Parameters of both: input, weight_ih, weight_hh, bias_ih, bias_hh.
struct Lstm : torch::autograd::Function<Lstm> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& input_weights,
                        const Tensor& weights, const Tensor& input_bias, const Tensor& bias) {
    const std::int64_t time = input.size(0);
    const std::int64_t batch = input.size(1);
    const Tensor gates = at::addmm(input_bias + bias, Flat(input), input_weights.t())
                             .view({time, batch, weights.size(0)});
    const Tensor transposed = weights.t().contiguous();
    const Tensor states = torch::empty({time, batch, weights.size(1)}, input.options());
    const Tensor cells = torch::empty_like(states);
    const Tensor cell_tanhs = torch::empty_like(states);
    ForType(input, [&]<class T>(T) {
      const LstmForward<T> data{transposed.data_ptr<T>(), gates.data_ptr<T>(), cells.data_ptr<T>(),
                                cell_tanhs.data_ptr<T>(), states.data_ptr<T>()};
      ForRows(batch, [&](BatchRows rows) { RunLstmForward(data, SizeOf(states), rows); });
    });
    context->save_for_backward({input, input_weights, weights, gates, cells, cell_tanhs, states});
    return states;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& of_outputs) {
    const auto saved = context->get_saved_variables();
    const Tensor& gates = saved[3];
    const Tensor& states = saved[6];
    const Tensor state_grads = of_outputs[0].contiguous();
    const Tensor weights = saved[2].contiguous();
    const Tensor gate_grads = torch::empty_like(gates);
    const Tensor carry = torch::zeros({2, states.size(1), states.size(2)}, states.options());
    ForType(states, [&]<class T>(T) {
      const LstmBackward<T> data{weights.data_ptr<T>(),     gates.data_ptr<T>(),
                                 saved[4].data_ptr<T>(),    saved[5].data_ptr<T>(),
                                 state_grads.data_ptr<T>(), gate_grads.data_ptr<T>(),
                                 carry.data_ptr<T>()};
      ForRows(states.size(1), [&](BatchRows rows) { RunLstmBackward(data, SizeOf(states), rows); });
    });
    return LayerGrads(context, saved[0], states, saved[1], gate_grads, gate_grads);
  }
};

struct Gru : torch::autograd::Function<Gru> {
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& input_weights,
                        const Tensor& weights, const Tensor& input_bias, const Tensor& bias) {
    const std::int64_t time = input.size(0);
    const std::int64_t batch = input.size(1);
    const std::int64_t hidden = weights.size(1);
    // n's recurrent bias is multiplied by r with the rest of its recurrent part.
    Tensor gate_bias = input_bias.clone();
    gate_bias.narrow(0, 0, 2 * hidden) += bias.narrow(0, 0, 2 * hidden);
    const Tensor gates =
        at::addmm(gate_bias, Flat(input), input_weights.t()).view({time, batch, weights.size(0)});
    const Tensor candidates =
        bias.narrow(0, 2 * hidden, hidden).expand({time, batch, hidden}).contiguous();
    const Tensor transposed = weights.t().contiguous();
    const Tensor states = torch::empty_like(candidates);
    ForType(input, [&]<class T>(T) {
      const GruForward<T> data{transposed.data_ptr<T>(), gates.data_ptr<T>(),
                               candidates.data_ptr<T>(), states.data_ptr<T>()};
      ForRows(batch, [&](BatchRows rows) { RunGruForward(data, SizeOf(states), rows); });
    });
    context->save_for_backward({input, input_weights, weights, gates, candidates, states});
    return states;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& of_outputs) {
    const auto saved = context->get_saved_variables();
    const Tensor& gates = saved[3];
    const Tensor& states = saved[5];
    const Tensor state_grads = of_outputs[0].contiguous();
    const Tensor weights = saved[2].contiguous();
    const Tensor input_grads = torch::empty_like(gates);
    const Tensor recurrent_grads = torch::empty_like(gates);
    const Tensor carry = torch::zeros({states.size(1), states.size(2)}, states.options());
    ForType(states, [&]<class T>(T) {
      const GruBackward<T> data{weights.data_ptr<T>(),         gates.data_ptr<T>(),
                                saved[4].data_ptr<T>(),        states.data_ptr<T>(),
                                state_grads.data_ptr<T>(),     input_grads.data_ptr<T>(),
                                recurrent_grads.data_ptr<T>(), carry.data_ptr<T>()};
      ForRows(states.size(1), [&](BatchRows rows) { RunGruBackward(data, SizeOf(states), rows); });
    });
    return LayerGrads(context, saved[0], states, saved[1], input_grads, recurrent_grads);
  }
};

template <class Function, class Layer>
Tensor Run(Layer& layer, const Tensor& input) {
  if (!input.is_cpu()) return std::get<0>(layer->forward(input));
  const auto parameters = layer->named_parameters();
  return Function::apply(input, parameters["weight_ih_l0"], parameters["weight_hh_l0"],
                         parameters["bias_ih_l0"], parameters["bias_hh_l0"]);
}

}  // namespace

Tensor RunLstm(torch::nn::LSTM& layer, const Tensor& input) {
  return Run<Lstm>(layer, input);
}

Tensor RunGru(torch::nn::GRU& layer, const Tensor& input) {
  return Run<Gru>(layer, input);
}

}  // namespace tutti
