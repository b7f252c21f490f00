#include "worker/trainer/train_run.h"

#include <memory>
#include <optional>

#include <torch/torch.h>

#include "worker/models/registry.h"
#include "worker/trainer/checkpoint.h"
#include "worker/trainer/checkpoint_facts.h"
#include "worker/trainer/device.h"
#include "worker/trainer/device_features.h"
#include "worker/trainer/environment.h"
#include "worker/trainer/evaluate.h"
#include "worker/trainer/features.h"
#include "worker/trainer/gpu_memory.h"
#include "worker/trainer/numerics.h"
#include "worker/trainer/slicing.h"
#include "worker/trainer/stopwatch.h"
#include "worker/trainer/train_loop.h"

namespace tutti {
namespace {

Json EpochEvent(const EpochPoint& point) {
  return {{"event", "epoch"},
          {"epoch", point.epoch},
          {"train_loss", point.train_loss},
          {"train_accuracy", point.train_accuracy},
          {"val_loss", point.val_loss},
          {"val_accuracy", point.val_accuracy},
          {"seconds", point.seconds}};
}

Status KeepCheckpoint(const TrainJob& job, const Weights& weights, std::int64_t epoch,
                      const std::string& name, const RunHooks& hooks) {
  const std::string file = name + ".safetensors";
  TUTTI_RETURN_IF_ERROR(SaveCheckpoint(job.output_dir / file, weights, MetadataOf(job, epoch)));
  hooks.emit({{"event", "artifact"}, {"name", name}, {"path", file}});
  return {};
}

Status KeepCheckpoints(const TrainJob& job, const TrainingOutcome& outcome, const RunHooks& hooks) {
  const bool best =
      job.keep_weights == KeepWeights::kBest || job.keep_weights == KeepWeights::kBoth;
  const bool last =
      job.keep_weights == KeepWeights::kLast || job.keep_weights == KeepWeights::kBoth;
  if (best) {
    TUTTI_RETURN_IF_ERROR(KeepCheckpoint(job, outcome.best, outcome.best_epoch, "best", hooks));
  }
  if (last) {
    TUTTI_RETURN_IF_ERROR(KeepCheckpoint(job, outcome.last, outcome.epochs, "last", hooks));
  }
  return {};
}

Json Predictions(const TrainJob& job, const std::vector<SongPrediction>& songs) {
  Json rows = Json::array();
  for (const SongPrediction& song : songs) {
    rows.push_back({{"track", job.tracks[song.track].id},
                    {"label", song.label},
                    {"predicted", song.predicted},
                    {"votes", song.votes}});
  }
  return rows;
}

std::int64_t CountParameters(const Model& model) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : model.parameters()) count += parameter.numel();
  return count;
}

std::string WhatIsTrained(const TrainJob& job, const SliceGrid& grid, const Model& model) {
  const auto part = [&](const std::vector<std::size_t>& songs) {
    return std::to_string(songs.size()) + " songs (" +
           std::to_string(songs.size() * static_cast<std::size_t>(grid.per_track)) + " slices)";
  };
  return job.model + ", slices of " + std::to_string(grid.frames) + " frames, seed " +
         std::to_string(job.seed) + ": " + part(job.split.train) + " to train, " +
         part(job.split.validation) + " to validate, " + part(job.split.test) + " to test; " +
         std::to_string(CountParameters(model)) + " parameters; " + job.device + ", " +
         std::to_string(job.threads) + (job.threads == 1 ? " thread" : " threads");
}

std::string HowItEnded(const TrainJob& job, const TrainingOutcome& outcome) {
  std::string text = "best validation loss " + std::to_string(outcome.best_val_loss) +
                     " in epoch " + std::to_string(outcome.best_epoch) + " of " +
                     std::to_string(outcome.epochs);
  if (outcome.epochs < job.training.epochs) {
    text += "; stopped early: " + std::to_string(PatienceOf(job)) + " epochs were no better";
  }
  return text;
}

// On the device, with the weights to start from.
Result<std::shared_ptr<Model>> MakeRunsModel(const TrainJob& job, const ModelShape& shape,
                                             const torch::Device& device,
                                             const std::shared_ptr<DropoutStream>& masks) {
  torch::manual_seed(static_cast<std::uint64_t>(job.seed));
  TUTTI_ASSIGN_OR_RETURN(const std::shared_ptr<Model> model, MakeModel(job.model, shape));
  model->to(device);
  if (job.precision == Precision::kFloat64) model->SetDtype(torch::kFloat64);
  if (!job.weights.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const WeightsOrigin origin, ReadWeightsOrigin(job.weights));
    TUTTI_RETURN_IF_ERROR(
        CheckOrigin(job.weights, origin, {job.feature_spec_hash, job.dataset_version}));
    TUTTI_ASSIGN_OR_RETURN(const Weights weights, ReadCheckpoint(job.weights));
    TUTTI_RETURN_IF_ERROR(LoadWeights(weights, *model));
  }
  if (job.training.dropout) model->UseDropout(masks);
  ApplyProtocol(job, *model);
  return model;
}

// Of all songs, those to validate and to test too. Nothing on the CPU, where they are already.
std::optional<DeviceFeatures> FeaturesOn(const torch::Device& device, const Features& features,
                                         const TrainJob& job, const SliceGrid& grid) {
  if (device.is_cpu()) return std::nullopt;
  return DeviceFeatures(features, job, grid, device);
}

}  // namespace

Result<Json> TrainRun(const TrainJob& job, const Clock& clock, const RunHooks& hooks) {
  Stopwatch total(clock);
  Stopwatch watch(clock);
  torch::set_num_threads(static_cast<int>(job.threads));
  TUTTI_ASSIGN_OR_RETURN(const torch::Device device, ChooseDevice(job.device));
  GpuMemory memory(device);
  TUTTI_RETURN_IF_ERROR(ApplyNumerics(job, device));
  TUTTI_ASSIGN_OR_RETURN(const SliceGrid grid,
                         MakeSliceGrid(job.features, job.slice_seconds, job.training.overlap));
  TUTTI_ASSIGN_OR_RETURN(const Features features, Features::Open(job));
  const ModelShape shape{features.n_mels(), grid.frames,
                         static_cast<std::int64_t>(job.classes.size())};
  const auto masks = std::make_shared<DropoutStream>(static_cast<std::uint64_t>(job.seed));
  TUTTI_ASSIGN_OR_RETURN(const std::shared_ptr<Model> model,
                         MakeRunsModel(job, shape, device, masks));
  const double load_seconds = watch.Lap();
  hooks.log(WhatIsTrained(job, grid, *model));

  const std::optional<DeviceFeatures> copied = FeaturesOn(device, features, job, grid);
  const DeviceFeatures* on_device = copied ? &*copied : nullptr;
  const TrainingContext context{job, features, grid, device, clock, on_device};
  TUTTI_ASSIGN_OR_RETURN(const TrainingOutcome outcome,
                         Train(*model, *masks, context, hooks, [&](const EpochPoint& point) {
                           hooks.emit(EpochEvent(point));
                           memory.Tell(hooks);
                         }));
  watch.Lap();
  hooks.log(HowItEnded(job, outcome));

  const bool test_best = job.protocol == Protocol::kCorrect;
  TUTTI_RETURN_IF_ERROR(LoadWeights(test_best ? outcome.best : outcome.last, *model));
  const Evaluation test =
      Evaluate(*model, SongBatches({job.split.test, grid, features, job, on_device}, device));
  const double test_seconds = watch.Lap();
  memory.Tell(hooks);
  TUTTI_RETURN_IF_ERROR(KeepCheckpoints(job, outcome, hooks));

  return Json{{"event", "result"},
              {"metrics",
               {{"f1_macro", SongMacroF1(test.songs)},
                {"song_accuracy", SongAccuracy(test.songs)},
                {"slice_accuracy", test.slice_accuracy},
                {"test_loss", test.loss},
                {"epochs", outcome.epochs},
                {"best_epoch", outcome.best_epoch},
                {"best_val_loss", outcome.best_val_loss},
                {"crossing_duplicates", CountCrossingDuplicates(job)},
                {"parameters", CountParameters(*model)}}},
              {"timings",
               {{"load_seconds", load_seconds},
                {"train_seconds", outcome.seconds},
                {"test_seconds", test_seconds},
                {"total_seconds", total.Lap()}}},
              {"environment", EnvironmentOf(job)},
              {"predictions", Predictions(job, test.songs)}};
}

}  // namespace tutti
