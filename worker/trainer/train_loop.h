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
#include "worker/trainer/device_features.h"
#include "worker/trainer/features.h"
#include "worker/trainer/resume.h"
#include "worker/trainer/slicing.h"
#include "worker/trainer/train_run.h"

namespace tutti {

struct TrainingOutcome {
  std::int64_t epochs = 0;
  std::int64_t best_epoch = 0;
  double best_val_loss = 0;
  Weights best;  // of the best epoch
  Weights last;
  double seconds = 0;  // that training took, in earlier attempts too
};

// Where one training happens.
struct TrainingContext {
  const TrainJob& job;
  const Features& features;
  const SliceGrid& grid;
  const torch::Device& device;
  const Clock& clock;
  const DeviceFeatures* on_device = nullptr;  // on a GPU: training and validation are cut out there
};

inline constexpr double kResumeShare = 0.02;

// Parameters that protocol `published` never trains lose requires_grad. The study's patience for
// crnn2d is 8 there.
void ApplyProtocol(const TrainJob& job, Model& model);
std::int64_t PatienceOf(const TrainJob& job);

// model: freshly made, in any mode. Where the job has a resume file, training goes on from there,
// and the epochs that were done are told again, so that the curve is whole; a file that does not
// fit is said on the log and left alone. Resume files are written between epochs, as often as the
// job says and for at most kResumeShare of the time (each epoch where its interval is 0), and told
// as events. kCancelled, kInvalidArgument (a loss that is no number) as TrainRun.
Result<TrainingOutcome> Train(Model& model, DropoutStream& masks, const TrainingContext& context,
                              const RunHooks& hooks,
                              const std::function<void(const EpochPoint&)>& on_epoch);

}  // namespace tutti
