#include "worker/trainer/evaluate.h"

#include <algorithm>

#include "worker/trainer/metrics.h"

namespace tutti {
namespace {

constexpr std::size_t kBatch = 128;

struct Columns {
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> predictions;
};

Columns ColumnsOf(const std::vector<SongPrediction>& songs) {
  Columns columns;
  for (const SongPrediction& song : songs) {
    columns.labels.push_back(song.label);
    columns.predictions.push_back(song.predicted);
  }
  return columns;
}

}  // namespace

Evaluation Evaluate(Model& model, std::span<const std::size_t> tracks, const SliceGrid& grid,
                    const Features& features, const TrainJob& job, const torch::Device& device) {
  const bool was_training = model.is_training();
  model.eval();
  const c10::InferenceMode inference;
  const std::vector<Slice> slices = SlicesOf(tracks, grid);
  std::vector<std::int64_t> predicted;
  predicted.reserve(slices.size());
  double loss_sum = 0;
  std::size_t hits = 0;
  for (std::size_t at = 0; at < slices.size(); at += kBatch) {
    const std::size_t count = std::min(kBatch, slices.size() - at);
    const Batch batch = GatherBatch(std::span(slices).subspan(at, count), grid, features, job);
    const torch::Tensor labels = batch.labels.to(device);
    const torch::Tensor logits = model.Forward(batch.slices.to(device));
    loss_sum +=
        torch::nn::functional::cross_entropy(
            logits, labels, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum))
            .item<double>();
    const torch::Tensor classes = logits.argmax(1).cpu();
    const auto* values = classes.data_ptr<std::int64_t>();
    const auto* expected = batch.labels.data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < count; ++i) {
      predicted.push_back(values[i]);
      hits += values[i] == expected[i] ? 1 : 0;
    }
  }
  Evaluation evaluation;
  evaluation.loss = loss_sum / static_cast<double>(slices.size());
  evaluation.slice_accuracy = static_cast<double>(hits) / static_cast<double>(slices.size());
  for (std::size_t song = 0; song < tracks.size(); ++song) {
    SongPrediction row{tracks[song], job.tracks[tracks[song]].label, 0,
                       std::vector<std::int32_t>(job.classes.size(), 0)};
    for (std::int64_t i = 0; i < grid.per_track; ++i) {
      const std::size_t slice =
          song * static_cast<std::size_t>(grid.per_track) + static_cast<std::size_t>(i);
      ++row.votes[static_cast<std::size_t>(predicted[slice])];
    }
    row.predicted = MajorityClass(row.votes);
    evaluation.songs.push_back(std::move(row));
  }
  model.train(was_training);
  return evaluation;
}

double SongAccuracy(const std::vector<SongPrediction>& songs) {
  const Columns columns = ColumnsOf(songs);
  return Accuracy(columns.labels, columns.predictions);
}

double SongMacroF1(const std::vector<SongPrediction>& songs) {
  const Columns columns = ColumnsOf(songs);
  return MacroF1(columns.labels, columns.predictions);
}

}  // namespace tutti
