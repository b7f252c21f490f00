// Tutti's models and its Adam, asked by Python; dropout is off.
//
// {"ask": "initial", "model", "frames", "seed", "out"}: the initial weights.
// {"ask": "train", "model", "frames", "precision", "weights", "input", "steps", "out"}: loads
// weights; `input` has slices [batches, batch, mels, frames] and labels [batches, batch]. `out` has
// eval_logits, then logits and grad.NAME of the first batch in training mode, and after.NAME of all
// weights after `steps` Adam steps (none for 0), one a batch.
// {"ask": "adam", "fused", "input", "out"}: steps over `gradients` [steps, n] from `parameter` [n];
// `out` has `parameters` [steps, n]. fused: the one kernel that trainings use.
#include <torch/torch.h>

#include "tests/golden/probe.h"
#include "worker/models/registry.h"
#include "worker/trainer/adam.h"
#include "worker/trainer/checkpoint.h"

namespace tutti {
namespace {

constexpr std::int64_t kMels = 128;
constexpr std::int64_t kClasses = 10;

Result<torch::Tensor> Take(const Weights& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return InvalidArgument("input: no tensor " + name);
  return found->second;
}

Result<std::shared_ptr<Model>> MakeAsked(const Json& item) {
  TUTTI_ASSIGN_OR_RETURN(const auto name, Field<std::string>(item, "model", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto frames, Field<std::int64_t>(item, "frames", "case"));
  return MakeModel(name, {kMels, frames, kClasses});
}

Json FactsOf(const Model& model) {
  Json names = Json::array();
  std::int64_t parameters = 0;
  for (const auto& [name, tensor] : WeightsOf(model)) names.push_back(name);
  for (const torch::Tensor& parameter : model.parameters()) parameters += parameter.numel();
  return {{"names", names}, {"parameters", parameters}};
}

Result<Json> AnswerInitial(const Json& item, const std::string& out) {
  TUTTI_ASSIGN_OR_RETURN(const auto seed, Field<std::int64_t>(item, "seed", "case"));
  torch::manual_seed(static_cast<std::uint64_t>(seed));
  TUTTI_ASSIGN_OR_RETURN(const auto model, MakeAsked(item));
  TUTTI_RETURN_IF_ERROR(SaveCheckpoint(out, WeightsOf(*model), {}));
  return FactsOf(*model);
}

void Backward(Model& model, Adam& adam, const torch::Tensor& slices, const torch::Tensor& labels,
              Weights* first) {
  adam.ZeroGrad();
  const torch::Tensor logits = model.Forward(slices);
  torch::nn::functional::cross_entropy(logits, labels).backward();
  if (first == nullptr) return;
  (*first)["logits"] = logits.detach();
  for (const auto& parameter : model.named_parameters()) {
    (*first)["grad." + parameter.key()] = parameter.value().grad().contiguous().clone();
  }
}

Weights Train(Model& model, const torch::Tensor& slices, const torch::Tensor& labels,
              std::int64_t steps) {
  Weights answer;
  model.eval();
  {
    const torch::NoGradGuard no_grad;
    answer["eval_logits"] = model.Forward(slices[0]);
  }
  model.train();
  Adam adam(model.parameters(), {});
  if (steps == 0) Backward(model, adam, slices[0], labels[0], &answer);
  for (std::int64_t step = 0; step < steps; ++step) {
    Backward(model, adam, slices[step], labels[step], step == 0 ? &answer : nullptr);
    adam.Step();
  }
  if (steps > 0) {
    for (const auto& [name, tensor] : WeightsOf(model)) answer["after." + name] = tensor;
  }
  return answer;
}

Result<Json> AnswerTrain(const Json& item, const std::string& out) {
  TUTTI_ASSIGN_OR_RETURN(const auto precision, Field<std::string>(item, "precision", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto weights_path, Field<std::string>(item, "weights", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto input_path, Field<std::string>(item, "input", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto steps, Field<std::int64_t>(item, "steps", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto model, MakeAsked(item));
  TUTTI_ASSIGN_OR_RETURN(const Weights weights, ReadCheckpoint(weights_path));
  TUTTI_ASSIGN_OR_RETURN(const Weights input, ReadCheckpoint(input_path));
  TUTTI_ASSIGN_OR_RETURN(const torch::Tensor slices, Take(input, "slices"));
  TUTTI_ASSIGN_OR_RETURN(const torch::Tensor labels, Take(input, "labels"));
  const auto type = precision == "float64" ? torch::kFloat64 : torch::kFloat32;
  model->SetDtype(type);
  TUTTI_RETURN_IF_ERROR(LoadWeights(weights, *model));
  TUTTI_RETURN_IF_ERROR(SaveCheckpoint(out, Train(*model, slices.to(type), labels, steps), {}));
  return FactsOf(*model);
}

Result<Json> AnswerAdam(const Json& item, const std::string& out) {
  TUTTI_ASSIGN_OR_RETURN(const auto input_path, Field<std::string>(item, "input", "case"));
  TUTTI_ASSIGN_OR_RETURN(const Weights input, ReadCheckpoint(input_path));
  TUTTI_ASSIGN_OR_RETURN(torch::Tensor parameter, Take(input, "parameter"));
  AdamOptions options;
  TUTTI_ASSIGN_OR_RETURN(options.fused, Field<bool>(item, "fused", "case"));
  TUTTI_ASSIGN_OR_RETURN(const torch::Tensor gradients, Take(input, "gradients"));
  parameter.requires_grad_();
  Adam adam({parameter}, options);
  torch::Tensor after = torch::empty_like(gradients);
  for (std::int64_t step = 0; step < gradients.size(0); ++step) {
    adam.ZeroGrad();
    parameter.mutable_grad() = gradients[step];
    adam.Step();
    after[step].copy_(parameter.detach());
  }
  TUTTI_RETURN_IF_ERROR(SaveCheckpoint(out, {{"parameters", after}}, {}));
  return Json::object();
}

Result<Json> Answer(const Json& item) {
  torch::set_num_threads(1);
  TUTTI_ASSIGN_OR_RETURN(const auto ask, Field<std::string>(item, "ask", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto out, Field<std::string>(item, "out", "case"));
  if (ask == "initial") return AnswerInitial(item, out);
  if (ask == "train") return AnswerTrain(item, out);
  if (ask == "adam") return AnswerAdam(item, out);
  return InvalidArgument("case: ask: expected initial, train or adam, got " + ask);
}

}  // namespace
}  // namespace tutti

int main() {
  return tutti::RunProbe(tutti::Answer);
}
