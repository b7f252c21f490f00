// What a training that was interrupted goes on from: everything that its next epoch depends on.
//
// A safetensors file: the model's weights (`model.…`), the best epoch's (`best.…`), the optimiser's
// moments (`adam.0000` …); the rest is metadata. Philox counters are the generators' whole state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/result.h"
#include "worker/trainer/checkpoint.h"
#include "worker/trainer/train_job.h"

namespace tutti {

struct EpochPoint {
  std::int64_t epoch = 0;  // 1 for the first
  double train_loss = 0;   // mean over the epoch's slices, as they were trained
  double train_accuracy = 0;
  double val_loss = 0;  // mean over slices, after the epoch
  double val_accuracy = 0;
  double seconds = 0;
};

struct ResumeState {
  Weights model;
  Weights best;
  std::vector<torch::Tensor> moments;
  std::int64_t adam_step = 0;
  std::uint64_t masks_drawn = 0;  // of the dropout stream
  std::int64_t best_epoch = 0;
  double best_loss = 0;
  double train_seconds = 0;        // spent so far
  std::vector<EpochPoint> epochs;  // all so far; the last one's number is where it stands
};

// Atomically. Errors as SaveCheckpoint.
Status SaveResume(const std::filesystem::path& path, const TrainJob& job, const ResumeState& state);

// kFailedPrecondition: the file is of another run (model, slices, seed, training options, tracks,
// split, features). kDataLoss: it is damaged.
Result<ResumeState> ReadResume(const std::filesystem::path& path, const TrainJob& job);

}  // namespace tutti
