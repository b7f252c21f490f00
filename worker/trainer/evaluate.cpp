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

void ForEachScoredBatch(
    Model& model, const SlicedSongs& songs, const torch::Device& device,
    const std::function<bool(const torch::Tensor& logits, const Batch& batch)>& take) {
  const bool was_training = model.is_training();
  model.eval();
  const c10::InferenceMode inference;
  const std::vector<Slice> slices = SlicesOf(songs.tracks, songs.grid);
  for (std::size_t at = 0; at < slices.size(); at += kBatch) {
    const std::size_t count = std::min(kBatch, slices.size() - at);
    const Batch batch =
        GatherBatch(std::span(slices).subspan(at, count), songs.grid, songs.features, songs.job);
    if (!take(model.Forward(batch.slices.to(device, model.dtype())), batch)) break;
  }
  model.train(was_training);
}

void AppendClasses(const torch::Tensor& logits, std::vector<std::int64_t>& classes) {
  const torch::Tensor best = logits.argmax(1).cpu();
  const auto* values = best.data_ptr<std::int64_t>();
  classes.insert(classes.end(), values, values + best.numel());
}

std::vector<SongPrediction> Vote(const SlicedSongs& songs,
                                 std::span<const std::int64_t> slice_classes) {
  std::vector<SongPrediction> rows;
  const auto per_track = static_cast<std::size_t>(songs.grid.per_track);
  for (std::size_t song = 0; song < songs.tracks.size(); ++song) {
    SongPrediction row{songs.tracks[song], songs.job.tracks[songs.tracks[song]].label, 0,
                       std::vector<std::int32_t>(songs.job.classes.size(), 0)};
    for (const std::int64_t slice_class : slice_classes.subspan(song * per_track, per_track)) {
      ++row.votes[static_cast<std::size_t>(slice_class)];
    }
    row.predicted = MajorityClass(row.votes);
    rows.push_back(std::move(row));
  }
  return rows;
}

Evaluation Evaluate(Model& model, std::span<const std::size_t> tracks, const SliceGrid& grid,
                    const Features& features, const TrainJob& job, const torch::Device& device) {
  using torch::nn::functional::CrossEntropyFuncOptions;
  const SlicedSongs songs{tracks, grid, features, job};
  std::vector<std::int64_t> predicted;
  double loss_sum = 0;
  std::size_t hits = 0;
  ForEachScoredBatch(model, songs, device, [&](const torch::Tensor& logits, const Batch& batch) {
    loss_sum +=
        torch::nn::functional::cross_entropy(logits, batch.labels.to(device),
                                             CrossEntropyFuncOptions().reduction(torch::kSum))
            .item<double>();
    const std::size_t first = predicted.size();
    AppendClasses(logits, predicted);
    const auto* expected = batch.labels.data_ptr<std::int64_t>();
    for (std::size_t i = first; i < predicted.size(); ++i) {
      hits += predicted[i] == expected[i - first] ? 1 : 0;
    }
    return true;
  });
  const auto slices = static_cast<double>(predicted.size());
  return {loss_sum / slices, static_cast<double>(hits) / slices, Vote(songs, predicted)};
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
