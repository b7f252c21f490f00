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

torch::Tensor PlacesFor(const SlicedSongs& songs, std::span<const Slice> slices,
                        const torch::Device& device) {
  if (songs.on_device == nullptr) return {};
  return PlacesOf(slices, songs.job).to(device);
}

}  // namespace

SongBatches::SongBatches(const SlicedSongs& songs, const torch::Device& device)
    : songs_(songs),
      device_(device),
      slices_(SlicesOf(songs.tracks, songs.grid)),
      places_(PlacesFor(songs, slices_, device)) {}

std::size_t SongBatches::count() const {
  return (slices_.size() + kBatch - 1) / kBatch;
}

Batch SongBatches::Cut(std::size_t i) const {
  const std::size_t first = i * kBatch;
  const std::size_t count = std::min(kBatch, slices_.size() - first);
  if (songs_.on_device != nullptr) {
    const torch::Tensor places =
        places_.narrow(1, static_cast<std::int64_t>(first), static_cast<std::int64_t>(count));
    return {songs_.on_device->Gather(places), places[2]};
  }
  const Batch batch = GatherBatch(std::span(slices_).subspan(first, count), songs_.grid,
                                  songs_.features, songs_.job);
  return {batch.slices.to(device_), batch.labels.to(device_)};
}

void ForEachScoredBatch(
    Model& model, const SongBatches& batches,
    const std::function<bool(const torch::Tensor& logits, const Batch& batch)>& take) {
  const bool was_training = model.is_training();
  model.eval();
  const c10::InferenceMode inference;
  for (std::size_t i = 0; i < batches.count(); ++i) {
    const Batch batch = batches.Cut(i);
    if (!take(model.Forward(batch.slices.to(model.dtype())), batch)) break;
  }
  model.train(was_training);
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

Evaluation Evaluate(Model& model, const SongBatches& batches) {
  using torch::nn::functional::CrossEntropyFuncOptions;
  const c10::InferenceMode inference;
  // Classes and the loss's sum stay on the device until all is asked for; a double holds both.
  std::vector<torch::Tensor> answers;
  torch::Tensor loss_sum =
      torch::zeros({1}, torch::dtype(torch::kFloat64).device(batches.device()));
  ForEachScoredBatch(model, batches, [&](const torch::Tensor& logits, const Batch& batch) {
    loss_sum += torch::nn::functional::cross_entropy(
                    logits, batch.labels, CrossEntropyFuncOptions().reduction(torch::kSum))
                    .to(torch::kFloat64);
    answers.push_back(logits.argmax(1).to(torch::kFloat64));
    return true;
  });
  answers.push_back(loss_sum);
  const torch::Tensor told = torch::cat(answers).cpu();
  const std::span values(told.data_ptr<double>(), static_cast<std::size_t>(told.numel()));
  const TrainJob& job = batches.songs().job;
  std::vector<std::int64_t> predicted;
  std::size_t hits = 0;
  for (const Slice& slice : batches.slices()) {
    predicted.push_back(static_cast<std::int64_t>(values[predicted.size()]));
    hits += predicted.back() == job.tracks[slice.track].label ? 1 : 0;
  }
  const auto slices = static_cast<double>(predicted.size());
  return {values.back() / slices, static_cast<double>(hits) / slices,
          Vote(batches.songs(), predicted)};
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
