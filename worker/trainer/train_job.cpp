#include "worker/trainer/train_job.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

namespace tutti {
namespace {

constexpr std::string_view kWhat = "job";

Result<JobTrack> ParseTrack(const Json& row, std::size_t classes) {
  JobTrack track;
  const std::string what = "track " + row.value("path", std::string("without path"));
  TUTTI_ASSIGN_OR_RETURN(track.id, Field<std::int64_t>(row, "id", what));
  TUTTI_ASSIGN_OR_RETURN(track.path, Field<std::string>(row, "path", what));
  TUTTI_ASSIGN_OR_RETURN(track.label, Field<std::int64_t>(row, "label", what));
  TUTTI_ASSIGN_OR_RETURN(track.content_hash, FieldOr<std::string>(row, "content_hash", "", what));
  TUTTI_ASSIGN_OR_RETURN(const auto shard, Field<std::string>(row, "shard", what));
  TUTTI_ASSIGN_OR_RETURN(track.row, Field<std::int64_t>(row, "row", what));
  track.shard = shard;
  if (track.label < 0 || track.label >= static_cast<std::int64_t>(classes)) {
    return InvalidArgument(what + ": label " + std::to_string(track.label) + " of " +
                           std::to_string(classes) + " classes");
  }
  return track;
}

// Gathers the parts; a song on two sides would let the test be learned by heart.
class SplitParser {
 public:
  explicit SplitParser(const std::vector<JobTrack>& tracks) : tracks_(tracks) {
    for (std::size_t i = 0; i < tracks.size(); ++i) position_[tracks[i].id] = i;
  }

  Status Parse(const Json& split, const char* part, std::vector<std::size_t>& positions) {
    TUTTI_ASSIGN_OR_RETURN(const auto ids, Field<std::vector<std::int64_t>>(split, part, "split"));
    for (const std::int64_t id : ids) {
      const auto at = position_.find(id);
      if (at == position_.end()) {
        return InvalidArgument("split: " + std::string(part) + " names track " +
                               std::to_string(id) + ", which the job does not have");
      }
      const auto [other, is_new] = side_.emplace(id, part);
      if (!is_new) {
        return InvalidArgument("split: track " + tracks_[at->second].path + " is in " +
                               other->second + " and in " + part);
      }
      positions.push_back(at->second);
    }
    if (positions.empty()) return InvalidArgument("split: " + std::string(part) + " is empty");
    return {};
  }

 private:
  const std::vector<JobTrack>& tracks_;
  std::unordered_map<std::int64_t, std::size_t> position_;
  std::unordered_map<std::int64_t, std::string> side_;
};

Status ParseTraining(const Json& config, TrainingOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const Json training,
                         FieldOr<Json>(config, "training", Json::object(), kWhat));
  constexpr std::string_view kTraining = "config.training";
  TUTTI_ASSIGN_OR_RETURN(options.epochs,
                         FieldOr<std::int64_t>(training, "epochs", options.epochs, kTraining));
  TUTTI_ASSIGN_OR_RETURN(options.patience,
                         FieldOr<std::int64_t>(training, "patience", options.patience, kTraining));
  TUTTI_ASSIGN_OR_RETURN(options.batch_size, FieldOr<std::int64_t>(training, "batch_size",
                                                                   options.batch_size, kTraining));
  TUTTI_ASSIGN_OR_RETURN(options.overlap,
                         FieldOr<double>(training, "overlap", options.overlap, kTraining));
  TUTTI_ASSIGN_OR_RETURN(options.learning_rate, FieldOr<double>(training, "learning_rate",
                                                                options.learning_rate, kTraining));
  TUTTI_ASSIGN_OR_RETURN(options.dropout,
                         FieldOr<bool>(training, "dropout", options.dropout, kTraining));
  if (options.epochs < 1 || options.patience < 1 || options.batch_size < 2 || options.overlap < 0 ||
      options.overlap >= 1 || !(options.learning_rate > 0)) {
    return InvalidArgument(
        "config.training: expected epochs and patience of at least 1, batch_size of at least 2, "
        "overlap from 0 to below 1, learning_rate above 0; got " +
        DumpJson(training));
  }
  return {};
}

Status ParseConfig(const Json& config, TrainJob& job) {
  TUTTI_ASSIGN_OR_RETURN(job.model, Field<std::string>(config, "model", "config"));
  TUTTI_ASSIGN_OR_RETURN(job.slice_seconds, Field<double>(config, "slice_seconds", "config"));
  TUTTI_ASSIGN_OR_RETURN(job.seed, Field<std::int64_t>(config, "seed", "config"));
  TUTTI_RETURN_IF_ERROR(ParseTraining(config, job.training));
  TUTTI_ASSIGN_OR_RETURN(const auto protocol,
                         FieldOr<std::string>(config, "protocol", "correct", "config"));
  if (protocol != "correct" && protocol != "published") {
    return InvalidArgument("config.protocol: expected correct or published, got " + protocol);
  }
  job.protocol = protocol == "correct" ? Protocol::kCorrect : Protocol::kPublished;
  TUTTI_ASSIGN_OR_RETURN(const auto precision,
                         FieldOr<std::string>(config, "precision", "float32", "config"));
  constexpr std::array kPrecisions{Precision::kFloat32, Precision::kTf32, Precision::kBf16,
                                   Precision::kFloat64};
  const auto* const known = std::ranges::find(kPrecisions, precision, PrecisionName);
  if (known == kPrecisions.end()) {
    return InvalidArgument("config.precision: expected float32, tf32, bf16 or float64, got " +
                           precision);
  }
  job.precision = *known;
  TUTTI_ASSIGN_OR_RETURN(job.deterministic,
                         FieldOr<bool>(config, "deterministic", false, "config"));
  TUTTI_ASSIGN_OR_RETURN(const auto keep,
                         FieldOr<std::string>(config, "keep_weights", "best", "config"));
  const std::unordered_map<std::string, KeepWeights> words{{"best", KeepWeights::kBest},
                                                           {"last", KeepWeights::kLast},
                                                           {"both", KeepWeights::kBoth},
                                                           {"none", KeepWeights::kNone}};
  const auto word = words.find(keep);
  if (word == words.end()) {
    return InvalidArgument("config.keep_weights: expected best, last, both or none, got " + keep);
  }
  job.keep_weights = word->second;
  return {};
}

Status ParseTracksAndSplit(const Json& line, TrainJob& job) {
  TUTTI_ASSIGN_OR_RETURN(const auto tracks, Field<std::vector<Json>>(line, "tracks", kWhat));
  for (const Json& row : tracks) {
    TUTTI_ASSIGN_OR_RETURN(JobTrack track, ParseTrack(row, job.classes.size()));
    job.tracks.push_back(std::move(track));
  }
  TUTTI_ASSIGN_OR_RETURN(const Json split, Field<Json>(line, "split", kWhat));
  SplitParser parser(job.tracks);
  TUTTI_RETURN_IF_ERROR(parser.Parse(split, "train", job.split.train));
  TUTTI_RETURN_IF_ERROR(parser.Parse(split, "validation", job.split.validation));
  return parser.Parse(split, "test", job.split.test);
}

}  // namespace

std::string_view PrecisionName(Precision precision) {
  switch (precision) {
    case Precision::kFloat32:
      return "float32";
    case Precision::kTf32:
      return "tf32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kFloat64:
      return "float64";
  }
  return "unknown";
}

Result<TrainJob> ParseTrainJob(const Json& line) {
  TrainJob job;
  TUTTI_ASSIGN_OR_RETURN(job.job, FieldOr<std::string>(line, "job", "", kWhat));
  TUTTI_ASSIGN_OR_RETURN(job.attempt, FieldOr<std::int64_t>(line, "attempt", 0, kWhat));
  TUTTI_ASSIGN_OR_RETURN(const Json config, Field<Json>(line, "config", kWhat));
  TUTTI_RETURN_IF_ERROR(ParseConfig(config, job));
  TUTTI_ASSIGN_OR_RETURN(const Json spec, Field<Json>(line, "feature_spec", kWhat));
  TUTTI_ASSIGN_OR_RETURN(job.features, FeatureSpecFromJson(spec));
  TUTTI_ASSIGN_OR_RETURN(job.feature_spec_hash, Field<std::string>(spec, "hash", "feature_spec"));
  TUTTI_ASSIGN_OR_RETURN(const Json dataset, Field<Json>(line, "dataset", kWhat));
  TUTTI_ASSIGN_OR_RETURN(job.dataset_version, Field<std::string>(dataset, "version", "dataset"));
  TUTTI_ASSIGN_OR_RETURN(job.classes,
                         Field<std::vector<std::string>>(dataset, "classes", "dataset"));
  TUTTI_RETURN_IF_ERROR(ParseTracksAndSplit(line, job));
  TUTTI_ASSIGN_OR_RETURN(const auto weights, FieldOr<std::string>(line, "weights", "", kWhat));
  job.weights = weights;
  TUTTI_ASSIGN_OR_RETURN(const auto output_dir, Field<std::string>(line, "output_dir", kWhat));
  job.output_dir = output_dir;
  TUTTI_ASSIGN_OR_RETURN(const auto resume, FieldOr<std::string>(line, "resume", "", kWhat));
  job.resume = resume;
  constexpr double kNever = -1;
  TUTTI_ASSIGN_OR_RETURN(const auto interval,
                         FieldOr<double>(line, "resume_interval_seconds", kNever, kWhat));
  if (interval >= 0) job.resume_interval_seconds = interval;
  TUTTI_ASSIGN_OR_RETURN(job.threads, FieldOr<std::int64_t>(line, "threads", 1, kWhat));
  TUTTI_ASSIGN_OR_RETURN(job.device, FieldOr<std::string>(line, "device", "cpu", kWhat));
  if (job.threads < 1) return InvalidArgument("job: threads: expected at least 1");
  return job;
}

std::int64_t CountCrossingDuplicates(const TrainJob& job) {
  std::unordered_set<std::string> heard;  // on the sides before
  std::int64_t count = 0;
  for (const auto* part : {&job.split.train, &job.split.validation, &job.split.test}) {
    count += std::ranges::count_if(
        *part, [&](std::size_t song) { return heard.contains(job.tracks[song].content_hash); });
    for (const std::size_t song : *part) heard.insert(job.tracks[song].content_hash);
    heard.erase("");  // a job that tells no content
  }
  return count;
}

}  // namespace tutti
