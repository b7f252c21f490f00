#include "worker/trainer/train_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "worker/models/registry.h"
#include "worker/trainer/adam.h"
#include "worker/trainer/early_stopping.h"
#include "worker/trainer/evaluate.h"

namespace tutti {
namespace {

constexpr std::int64_t kStudyPatienceOfCrnn2d = 8;

struct EpochSums {
  torch::Tensor loss;  // on the device: asking for it at each step would stall the training
  torch::Tensor hits;
  std::int64_t slices = 0;
};

void TrainBatch(Model& model, Adam& adam, const Batch& batch, const torch::Device& device,
                EpochSums& sums) {
  const torch::Tensor labels = batch.labels.to(device);
  adam.ZeroGrad();
  const torch::Tensor logits = model.Forward(batch.slices.to(device, model.dtype()));
  const torch::Tensor loss = torch::nn::functional::cross_entropy(logits, labels);
  loss.backward();
  adam.Step();
  const auto n = labels.size(0);
  sums.loss += loss.detach().to(torch::kFloat64) * static_cast<double>(n);
  sums.hits += (logits.detach().argmax(1) == labels).sum();
  sums.slices += n;
}

Result<EpochSums> TrainEpoch(Model& model, Adam& adam, const std::vector<Slice>& slices,
                             std::int64_t epoch, const TrainingContext& context,
                             const RunHooks& hooks) {
  const TrainJob& job = context.job;
  const auto order = ShuffledOrder(slices.size(), static_cast<std::uint64_t>(job.seed), epoch);
  EpochSums sums{torch::zeros({}, torch::dtype(torch::kFloat64).device(context.device)),
                 torch::zeros({}, torch::dtype(torch::kInt64).device(context.device)), 0};
  std::vector<Slice> chosen;
  std::size_t at = 0;
  for (const std::size_t end :
       BatchEnds(slices.size(), static_cast<std::size_t>(job.training.batch_size))) {
    if (hooks.cancelled()) return Error{ErrorCode::kCancelled, "cancelled"};
    chosen.clear();
    for (; at < end; ++at) chosen.push_back(slices[order[at]]);
    const Batch batch = GatherBatch(chosen, context.grid, context.features, job);
    TrainBatch(model, adam, batch, context.device, sums);
  }
  return sums;
}

std::vector<torch::Tensor> ParametersOf(Model& model) {
  return model.parameters();
}

}  // namespace

void ApplyProtocol(const TrainJob& job, Model& model) {
  if (job.protocol != Protocol::kPublished) return;
  const auto entry = FindModel(job.model);
  if (!entry.ok()) return;
  for (auto& item : model.named_parameters()) {
    const std::string module = item.key().substr(0, item.key().find('.'));
    const auto& frozen = (*entry)->never_trained_by_study;
    if (std::ranges::find(frozen, module) != frozen.end()) item.value().set_requires_grad(false);
  }
}

std::int64_t PatienceOf(const TrainJob& job) {
  const bool study = job.protocol == Protocol::kPublished && job.model == "crnn2d";
  return study ? kStudyPatienceOfCrnn2d : job.training.patience;
}

Result<TrainingOutcome> Train(Model& model, const TrainingContext& context, const RunHooks& hooks,
                              const std::function<void(const EpochPoint&)>& on_epoch) {
  const TrainJob& job = context.job;
  const std::vector<Slice> slices = SlicesOf(job.split.train, context.grid);
  AdamOptions options;
  options.learning_rate = job.training.learning_rate;
  Adam adam(ParametersOf(model), options);
  EarlyStopping stopping(PatienceOf(job));
  TrainingOutcome outcome;
  while (stopping.epoch() < job.training.epochs && !stopping.ShouldStop()) {
    const SteadyTime start = context.clock.SteadyNow();
    model.train();
    const std::int64_t epoch = stopping.epoch() + 1;
    TUTTI_ASSIGN_OR_RETURN(const EpochSums sums,
                           TrainEpoch(model, adam, slices, epoch, context, hooks));
    const Evaluation validation =
        Evaluate(model, job.split.validation, context.grid, context.features, job, context.device);
    const auto n = static_cast<double>(sums.slices);
    EpochPoint point{epoch,
                     sums.loss.item<double>() / n,
                     static_cast<double>(sums.hits.item<std::int64_t>()) / n,
                     validation.loss,
                     validation.slice_accuracy,
                     0};
    point.seconds = std::chrono::duration<double>(context.clock.SteadyNow() - start).count();
    if (!std::isfinite(point.train_loss) || !std::isfinite(point.val_loss)) {
      return InvalidArgument("epoch " + std::to_string(epoch) +
                             ": the loss is not a number any more; a smaller learning_rate than " +
                             std::to_string(job.training.learning_rate) + " may help");
    }
    if (stopping.Improves(point.val_loss)) outcome.best = WeightsOf(model);
    on_epoch(point);
  }
  outcome.epochs = stopping.epoch();
  outcome.best_epoch = stopping.best_epoch();
  outcome.best_val_loss = stopping.best_loss();
  outcome.last = WeightsOf(model);
  return outcome;
}

}  // namespace tutti
