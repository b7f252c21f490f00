#include "worker/trainer/predict.h"

#include <fstream>
#include <numeric>

#include <torch/torch.h>
#include <torch/version.h>

#include "worker/trainer/checkpoint.h"
#include "worker/trainer/device.h"
#include "worker/trainer/evaluate.h"
#include "worker/trainer/features.h"
#include "worker/trainer/slicing.h"
#include "worker/trainer/stopwatch.h"

namespace tutti {
namespace {

Result<JobTrack> ParseTrack(const Json& row) {
  JobTrack track;
  TUTTI_ASSIGN_OR_RETURN(track.path, Field<std::string>(row, "path", "job: track"));
  const std::string what = "track " + track.path;
  TUTTI_ASSIGN_OR_RETURN(track.id, Field<std::int64_t>(row, "id", what));
  TUTTI_ASSIGN_OR_RETURN(track.content_hash, FieldOr<std::string>(row, "content_hash", "", what));
  TUTTI_ASSIGN_OR_RETURN(const auto shard, Field<std::string>(row, "shard", what));
  TUTTI_ASSIGN_OR_RETURN(track.row, Field<std::int64_t>(row, "row", what));
  track.shard = shard;
  return track;
}

Result<WeightsOrigin> ParseOrigin(const Json& line) {
  WeightsOrigin origin;
  TUTTI_ASSIGN_OR_RETURN(const Json spec, FieldOr<Json>(line, "feature_spec", {}, "job"));
  TUTTI_ASSIGN_OR_RETURN(origin.feature_spec_hash,
                         FieldOr<std::string>(spec, "hash", "", "feature_spec"));
  TUTTI_ASSIGN_OR_RETURN(const Json dataset, FieldOr<Json>(line, "dataset", {}, "job"));
  TUTTI_ASSIGN_OR_RETURN(origin.dataset_version,
                         FieldOr<std::string>(dataset, "version", "", "dataset"));
  return origin;
}

// The songs as the run that made the checkpoint would have had them.
TrainJob AsItsRunsJob(const PredictJob& job, const CheckpointFacts& facts) {
  TrainJob run;
  run.model = facts.model;
  run.slice_seconds = facts.slice_seconds;
  run.training.overlap = facts.overlap;
  run.features = facts.features;
  run.feature_spec_hash = facts.origin.feature_spec_hash;
  run.classes = facts.classes;
  run.tracks = job.tracks;
  run.threads = job.threads;
  run.device = job.device;
  return run;
}

struct Scores {
  std::vector<std::int64_t> slice_classes;         // song by song
  std::vector<std::vector<double>> probabilities;  // [songs][classes], summed over slices
  std::vector<std::vector<double>> of_slices;      // [slices][classes]
};

void AppendClasses(const torch::Tensor& logits, std::vector<std::int64_t>& classes) {
  const torch::Tensor best = logits.argmax(1).cpu();
  const auto* values = best.data_ptr<std::int64_t>();
  classes.insert(classes.end(), values, values + best.numel());
}

// Adds softmax rows [batch, classes] to the songs that the slices are of.
void AddRows(const torch::Tensor& softmax, std::size_t first_slice, const SliceGrid& grid,
             Scores& scores) {
  const auto rows = softmax.accessor<double, 2>();
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const std::size_t slice = first_slice + static_cast<std::size_t>(i);
    auto& sums = scores.probabilities[slice / static_cast<std::size_t>(grid.per_track)];
    std::vector<double> row;
    for (std::int64_t c = 0; c < rows.size(1); ++c) {
      sums[static_cast<std::size_t>(c)] += rows[i][c];
      row.push_back(rows[i][c]);
    }
    scores.of_slices.push_back(std::move(row));
  }
}

Result<Scores> Score(Model& model, const SlicedSongs& songs, const torch::Device& device,
                     const RunHooks& hooks) {
  Scores scores;
  scores.probabilities.assign(songs.tracks.size(),
                              std::vector<double>(songs.job.classes.size(), 0));
  Status status;
  const SongBatches batches(songs, device);
  ForEachScoredBatch(model, batches, [&](const torch::Tensor& logits, const Batch&) {
    if (hooks.cancelled()) status = Error{ErrorCode::kCancelled, "cancelled"};
    if (!logits.isfinite().all().item<bool>()) {
      status = DataLoss("the weights give scores that are NaN or infinite: they are damaged");
    }
    if (!status.ok()) return false;
    AddRows(torch::softmax(logits.cpu().to(torch::kFloat64), 1), scores.slice_classes.size(),
            songs.grid, scores);
    AppendClasses(logits, scores.slice_classes);
    return true;
  });
  TUTTI_RETURN_IF_ERROR(status);
  return scores;
}

Json Predictions(const SlicedSongs& songs, const Scores& scores) {
  Json rows = Json::array();
  const std::vector<SongPrediction> votes = Vote(songs, scores.slice_classes);
  for (std::size_t song = 0; song < votes.size(); ++song) {
    std::vector<double> mean = scores.probabilities[song];
    for (double& value : mean) value /= static_cast<double>(songs.grid.per_track);
    rows.push_back({{"track", songs.job.tracks[votes[song].track].id},
                    {"predicted", votes[song].predicted},
                    {"votes", votes[song].votes},
                    {"probabilities", mean}});
  }
  return rows;
}

}  // namespace

Result<PredictJob> ParsePredictJob(const Json& line) {
  constexpr std::string_view kWhat = "job";
  PredictJob job;
  TUTTI_ASSIGN_OR_RETURN(const auto weights, Field<std::string>(line, "weights", kWhat));
  job.weights = weights;
  TUTTI_ASSIGN_OR_RETURN(job.weights_hash, FieldOr<std::string>(line, "weights_hash", "", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto tracks, Field<std::vector<Json>>(line, "tracks", kWhat));
  for (const Json& row : tracks) {
    TUTTI_ASSIGN_OR_RETURN(JobTrack track, ParseTrack(row));
    job.tracks.push_back(std::move(track));
  }
  TUTTI_ASSIGN_OR_RETURN(job.origin, ParseOrigin(line));
  if (job.tracks.empty()) return InvalidArgument("job: tracks: expected at least one, got none");
  TUTTI_ASSIGN_OR_RETURN(job.threads, FieldOr<std::int64_t>(line, "threads", 1, kWhat));
  TUTTI_ASSIGN_OR_RETURN(job.device, FieldOr<std::string>(line, "device", "cpu", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto slices, FieldOr<bool>(line, "slices", false, kWhat));
  if (slices) {
    TUTTI_ASSIGN_OR_RETURN(const auto folder, Field<std::string>(line, "output_dir", kWhat));
    job.slices = std::filesystem::path(folder) / "slices.json";
  }
  if (job.threads < 1) return InvalidArgument("job: threads: expected at least 1");
  return job;
}

Result<Json> PredictRun(const PredictJob& job, const Clock& clock, const RunHooks& hooks,
                        KeptModel& kept) {
  Stopwatch total(clock);
  Stopwatch watch(clock);
  torch::set_num_threads(static_cast<int>(job.threads));
  TUTTI_ASSIGN_OR_RETURN(const torch::Device device, ChooseDevice(job.device));
  TUTTI_ASSIGN_OR_RETURN(const CheckpointFacts facts, ReadCheckpointFacts(job.weights));
  TUTTI_RETURN_IF_ERROR(CheckOrigin(job.weights, facts.origin, job.origin));
  const TrainJob run = AsItsRunsJob(job, facts);
  TUTTI_ASSIGN_OR_RETURN(const SliceGrid grid,
                         MakeSliceGrid(run.features, run.slice_seconds, run.training.overlap));
  TUTTI_ASSIGN_OR_RETURN(const Features features, Features::Open(run));
  const ModelShape shape{run.features.n_mels, grid.frames,
                         static_cast<std::int64_t>(run.classes.size())};
  TUTTI_ASSIGN_OR_RETURN(const std::shared_ptr<Model> model,
                         kept.Get({job.weights, job.weights_hash, run.model, shape, device}));
  const double load_seconds = watch.Lap();
  std::vector<std::size_t> positions(run.tracks.size());
  std::iota(positions.begin(), positions.end(), 0);
  const SlicedSongs songs{positions, grid, features, run};
  TUTTI_ASSIGN_OR_RETURN(const Scores scores, Score(*model, songs, device, hooks));
  if (!job.slices.empty()) {
    std::ofstream(job.slices) << DumpJson({{"slices", scores.of_slices}});
  }
  return Json{{"event", "result"},
              {"metrics", Json::object()},
              {"timings",
               {{"load_seconds", load_seconds},
                {"predict_seconds", watch.Lap()},
                {"total_seconds", total.Lap()}}},
              {"environment",
               {{"libtorch", TORCH_VERSION},
                {"device", job.device},
                {"threads", std::to_string(job.threads)}}},
              {"predictions", job.slices.empty() ? Predictions(songs, scores) : Json::array()}};
}

}  // namespace tutti
