#include "worker/trainer/train_loop.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "worker/models/registry.h"
#include "worker/trainer/adam.h"
#include "worker/trainer/early_stopping.h"
#include "worker/trainer/evaluate.h"
#include "worker/trainer/train_step.h"

namespace tutti {
namespace {

constexpr std::int64_t kStudyPatienceOfCrnn2d = 8;

// Returns before the device has done it.
Status TrainEpoch(TrainStep& step, const std::vector<Slice>& slices, std::int64_t epoch,
                  const TrainJob& job, const RunHooks& hooks) {
  const auto order = ShuffledOrder(slices.size(), static_cast<std::uint64_t>(job.seed), epoch);
  std::vector<Slice> chosen;
  std::size_t at = 0;
  for (const std::size_t end :
       BatchEnds(slices.size(), static_cast<std::size_t>(job.training.batch_size))) {
    if (hooks.cancelled()) return Error{ErrorCode::kCancelled, "cancelled"};
    chosen.clear();
    for (; at < end; ++at) chosen.push_back(slices[order[at]]);
    step.Run(chosen);
  }
  return {};
}

double SecondsSince(const Clock& clock, SteadyTime then) {
  return std::chrono::duration<double>(clock.SteadyNow() - then).count();
}

// One training on its way: what a resume file holds, and when the next one is due.
class Training {
 public:
  Training(Model& model, DropoutStream& masks, const TrainingContext& context,
           const RunHooks& hooks)
      : model_(model),
        masks_(masks),
        context_(context),
        hooks_(hooks),
        slices_(SlicesOf(context.job.split.train, context.grid)),
        adam_(model.parameters(), OptionsOf(context)),
        step_(MakeTrainStep({model, adam_, masks, context.job, context.features, context.grid,
                             context.device, context.on_device})),
        validation_({context.job.split.validation, context.grid, context.features, context.job,
                     context.on_device},
                    context.device),
        stopping_(PatienceOf(context.job)),
        started_(context.clock.SteadyNow()),
        saved_(started_) {}

  void Resume(const std::function<void(const EpochPoint&)>& on_epoch) {
    if (context_.job.resume.empty()) return;
    const Status taken = TakeUp();
    if (!taken.ok()) {
      hooks_.log("starting from the first epoch: " + taken.error().message);
      return;
    }
    hooks_.log("going on after epoch " + std::to_string(stopping_.epoch()));
    for (const EpochPoint& point : epochs_) on_epoch(point);
  }

  Result<TrainingOutcome> Run(const std::function<void(const EpochPoint&)>& on_epoch) {
    while (stopping_.epoch() < context_.job.training.epochs && !stopping_.ShouldStop()) {
      TUTTI_ASSIGN_OR_RETURN(const EpochPoint point, NextEpoch());
      epochs_.push_back(point);
      on_epoch(point);
      TUTTI_RETURN_IF_ERROR(SaveIfDue());
    }
    return TrainingOutcome{
        stopping_.epoch(),     stopping_.best_epoch(),
        stopping_.best_loss(), best_,
        WeightsOf(model_),     earlier_seconds_ + SecondsSince(context_.clock, started_)};
  }

 private:
  static AdamOptions OptionsOf(const TrainingContext& context) {
    AdamOptions options;
    options.learning_rate = context.job.training.learning_rate;
    // Runs in float64 are there to be compared, digit by digit, with Python's plain optimiser.
    options.fused = context.device.is_cuda() || context.job.precision != Precision::kFloat64;
    return options;
  }

  // All of the file is read and checked before anything of it is used.
  Status TakeUp() {
    TUTTI_ASSIGN_OR_RETURN(const ResumeState state, ReadResume(context_.job.resume, context_.job));
    if (state.moments.size() != adam_.Moments().size()) {
      return DataLoss("resume file: moments of other parameters");
    }
    TUTTI_RETURN_IF_ERROR(LoadWeights(state.model, model_));
    adam_.Restore(state.adam_step, state.moments);
    masks_.SkipTo(state.masks_drawn);
    stopping_.Restore(state.epochs.back().epoch, state.best_epoch, state.best_loss);
    best_ = state.best;
    epochs_ = state.epochs;
    earlier_seconds_ = state.train_seconds;
    return {};
  }

  Result<EpochPoint> NextEpoch() {
    const TrainJob& job = context_.job;
    const SteadyTime start = context_.clock.SteadyNow();
    model_.train();
    const std::int64_t epoch = stopping_.epoch() + 1;
    TUTTI_RETURN_IF_ERROR(TrainEpoch(*step_, slices_, epoch, job, hooks_));
    const Evaluation validation = Evaluate(model_, validation_);  // waits for the device
    const EpochSums sums = step_->TakeSums();
    const auto n = static_cast<double>(sums.slices);
    const EpochPoint point{epoch,
                           sums.loss / n,
                           static_cast<double>(sums.hits) / n,
                           validation.loss,
                           validation.slice_accuracy,
                           SecondsSince(context_.clock, start)};
    if (!std::isfinite(point.train_loss) || !std::isfinite(point.val_loss)) {
      return InvalidArgument("epoch " + std::to_string(epoch) +
                             ": the loss is not a number any more; a smaller learning_rate than " +
                             std::to_string(job.training.learning_rate) + " may help");
    }
    if (stopping_.Improves(point.val_loss)) best_ = WeightsOf(model_);
    return point;
  }

  Status SaveIfDue() {
    const auto& interval = context_.job.resume_interval_seconds;
    if (!interval) return {};
    const double elapsed = SecondsSince(context_.clock, started_);
    const bool within_share =
        *interval == 0 || last_save_seconds_ + save_seconds_ <= kResumeShare * elapsed;
    if (SecondsSince(context_.clock, saved_) < *interval || !within_share) return {};
    const SteadyTime start = context_.clock.SteadyNow();
    const std::string file = "resume.safetensors";
    const ResumeState state{WeightsOf(model_),
                            best_,
                            adam_.Moments(),
                            adam_.step(),
                            masks_.drawn(),
                            stopping_.best_epoch(),
                            stopping_.best_loss(),
                            earlier_seconds_ + elapsed,
                            epochs_};
    TUTTI_RETURN_IF_ERROR(SaveResume(context_.job.output_dir / file, context_.job, state));
    hooks_.emit({{"event", "resume"}, {"path", file}, {"epoch", stopping_.epoch()}});
    saved_ = context_.clock.SteadyNow();
    last_save_seconds_ = SecondsSince(context_.clock, start);
    save_seconds_ += last_save_seconds_;
    return {};
  }

  Model& model_;
  DropoutStream& masks_;
  const TrainingContext& context_;
  const RunHooks& hooks_;
  const std::vector<Slice> slices_;
  Adam adam_;
  const std::unique_ptr<TrainStep> step_;
  const SongBatches validation_;
  EarlyStopping stopping_;
  Weights best_;
  std::vector<EpochPoint> epochs_;
  const SteadyTime started_;
  SteadyTime saved_;            // when the last file was written
  double earlier_seconds_ = 0;  // of the attempts before
  double save_seconds_ = 0;     // that all files took
  double last_save_seconds_ = 0;
};

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

Result<TrainingOutcome> Train(Model& model, DropoutStream& masks, const TrainingContext& context,
                              const RunHooks& hooks,
                              const std::function<void(const EpochPoint&)>& on_epoch) {
  Training training(model, masks, context, hooks);
  training.Resume(on_epoch);
  return training.Run(on_epoch);
}

}  // namespace tutti
