// Training with early stopping: Adam, cross-entropy, shuffled batches, the best epoch's weights
// kept.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <torch/torch.h>

#include "common/clock.h"
#include "common/result.h"
#include "worker/models/model.h"
#include "worker/trainer/checkpoint.h"
#include "worker/trainer/features.h"
#include "worker/trainer/slicing.h"
#include "worker/trainer/train_run.h"

namespace tutti {

struct EpochPoint {
  std::int64_t epoch = 0;  // 1 for the first
  double train_loss = 0;   // mean over the epoch's slices, as they were trained
  double train_accuracy = 0;
  double val_loss = 0;  // mean over slices, after the epoch
  double val_accuracy = 0;
  double seconds = 0;
};

struct TrainingOutcome {
  std::int64_t epochs = 0;
  std::int64_t best_epoch = 0;
  double best_val_loss = 0;
  Weights best;  // of the best epoch
  Weights last;
};

// Where one training happens.
struct TrainingContext {
  const TrainJob& job;
  const Features& features;
  const SliceGrid& grid;
  const torch::Device& device;
  const Clock& clock;
};

// Parameters that protocol `published` never trains lose requires_grad. The study's patience for
// crnn2d is 8 there.
void ApplyProtocol(const TrainJob& job, Model& model);
std::int64_t PatienceOf(const TrainJob& job);

// model: freshly made, in any mode. kCancelled, kInvalidArgument (a loss that is no number) as
// TrainRun.
Result<TrainingOutcome> Train(Model& model, const TrainingContext& context, const RunHooks& hooks,
                              const std::function<void(const EpochPoint&)>& on_epoch);

}  // namespace tutti
