#include "cli/predict_audio.h"

#include <algorithm>
#include <map>
#include <thread>

#include "cli/runner_call.h"
#include "cli/scratch_folder.h"
#include "common/hash.h"
#include "common/safetensors.h"

namespace tutti {
namespace {

constexpr char kTrainer[] = "tutti-train";

unsigned Cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

Result<CheckpointHeader> ReadHeader(const std::filesystem::path& file) {
  TUTTI_ASSIGN_OR_RETURN(const auto tensors, SafetensorsFile::Open(file));
  const auto text = [&](std::string_view key) {
    const auto at = tensors->metadata().find(key);
    return at == tensors->metadata().end() ? std::string() : at->second;
  };
  // All values are text; those that are JSON inside are taken out with their types checked.
  Json values = Json::object();
  for (const char* key : {"slice_seconds", "classes", "feature_spec"}) {
    TUTTI_ASSIGN_OR_RETURN(values[key], ParseJson(text(key), std::string("metadata ") + key));
  }
  CheckpointHeader header;
  header.file = file;
  header.model = text("model");
  TUTTI_ASSIGN_OR_RETURN(header.slice_seconds, Field<double>(values, "slice_seconds", "metadata"));
  TUTTI_ASSIGN_OR_RETURN(header.classes,
                         Field<std::vector<std::string>>(values, "classes", "metadata"));
  TUTTI_ASSIGN_OR_RETURN(header.feature_spec, Field<Json>(values, "feature_spec", "metadata"));
  if (!header.feature_spec.is_object()) return InvalidArgument("metadata: feature_spec is none");
  header.feature_spec["hash"] = text("feature_spec_hash");
  return header;
}

Result<Json> MakePreprocessJob(const CheckpointHeader& checkpoint,
                               const std::vector<std::filesystem::path>& audio,
                               const std::filesystem::path& folder) {
  Json tracks = Json::array();
  for (const auto& file : audio) {
    TUTTI_ASSIGN_OR_RETURN(const std::string hash, Sha256HexOfFile(file));
    tracks.push_back({{"id", tracks.size()},
                      {"audio", std::filesystem::absolute(file).string()},
                      {"content_hash", hash}});
  }
  const auto threads = std::min<std::size_t>(Cores(), audio.size());
  return Json{{"kind", "preprocess"},
              {"feature_spec", checkpoint.feature_spec},
              {"tracks", std::move(tracks)},
              {"output_dir", folder.string()},
              {"threads", threads}};
}

// The job over the rows that the shard has.
Json MakePredictJob(const CheckpointHeader& checkpoint,
                    const std::vector<std::filesystem::path>& audio, const Json& preprocess,
                    const std::map<std::size_t, std::string>& undecodable,
                    const std::filesystem::path& folder) {
  Json tracks = Json::array();
  for (std::size_t id = 0; id < audio.size(); ++id) {
    if (undecodable.contains(id)) continue;
    const std::size_t row = tracks.size();
    tracks.push_back({{"id", id},
                      {"path", audio[id].string()},
                      {"content_hash", preprocess["tracks"][id]["content_hash"]},
                      {"shard", (folder / "shard.safetensors").string()},
                      {"row", row}});
  }
  return {{"kind", "predict"},
          {"weights", std::filesystem::absolute(checkpoint.file).string()},
          {"feature_spec", checkpoint.feature_spec},
          {"dataset", {{"version", checkpoint.dataset_version}}},
          {"tracks", std::move(tracks)},
          {"output_dir", folder.string()},
          {"threads", Cores()}};
}

Result<AudioPrediction> ToPrediction(const Json& row, const CheckpointHeader& checkpoint,
                                     const std::vector<std::filesystem::path>& audio) {
  TUTTI_ASSIGN_OR_RETURN(const auto track, Field<std::int64_t>(row, "track", kTrainer));
  TUTTI_ASSIGN_OR_RETURN(const auto predicted, Field<std::int64_t>(row, "predicted", kTrainer));
  TUTTI_ASSIGN_OR_RETURN(const auto votes,
                         Field<std::vector<std::int64_t>>(row, "votes", kTrainer));
  TUTTI_ASSIGN_OR_RETURN(const auto probabilities,
                         Field<std::vector<double>>(row, "probabilities", kTrainer));
  const std::size_t classes = checkpoint.classes.size();
  if (track < 0 || track >= std::ssize(audio) || predicted < 0 ||
      predicted >= std::ssize(checkpoint.classes) || votes.size() != classes ||
      probabilities.size() != classes) {
    return Internal("tutti-train gave a prediction of another form: " + DumpJson(row) +
                    "; use binaries of one release");
  }
  AudioPrediction prediction;
  prediction.audio = audio[static_cast<std::size_t>(track)];
  prediction.predicted = checkpoint.classes[static_cast<std::size_t>(predicted)];
  for (const std::int64_t count : votes) prediction.slices += count;
  const auto slices = static_cast<double>(std::max<std::int64_t>(1, prediction.slices));
  for (std::size_t i = 0; i < classes; ++i) {
    prediction.classes.push_back({checkpoint.classes[i], votes[i],
                                  static_cast<double>(votes[i]) / slices, probabilities[i]});
  }
  std::ranges::stable_sort(prediction.classes, [&](const ClassScore& a, const ClassScore& b) {
    if (a.votes != b.votes) return a.votes > b.votes;
    // A tie is decided by the trainer.
    const bool a_wins = a.name == prediction.predicted;
    const bool b_wins = b.name == prediction.predicted;
    return a_wins != b_wins ? a_wins : a.probability > b.probability;
  });
  return prediction;
}

}  // namespace

Result<CheckpointHeader> ReadCheckpointHeader(const std::filesystem::path& file) {
  Result<CheckpointHeader> header = ReadHeader(file);
  if (header.ok() || header.error().code == ErrorCode::kNotFound) return header;
  return InvalidArgument("checkpoint " + file.string() + ": " + header.error().message +
                         "; expected weights that a run of Tutti kept");
}

Result<PredictionReport> PredictAudio(Context& context, const CheckpointHeader& checkpoint,
                                      const std::vector<std::filesystem::path>& audio) {
  TUTTI_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::Make("predict"));
  TUTTI_ASSIGN_OR_RETURN(const Json preprocess,
                         MakePreprocessJob(checkpoint, audio, scratch.path()));
  TUTTI_ASSIGN_OR_RETURN(const auto made, CallRunner(context, "tutti-preprocess", preprocess));
  std::map<std::size_t, std::string> undecodable;
  for (const Json& event : made) {
    if (event["event"] != "track") continue;
    TUTTI_ASSIGN_OR_RETURN(const auto id, Field<std::int64_t>(event, "id", "tutti-preprocess"));
    TUTTI_ASSIGN_OR_RETURN(const auto why, Field<std::string>(event, "error", "tutti-preprocess"));
    undecodable[static_cast<std::size_t>(id)] = why;
  }
  PredictionReport report;
  for (const auto& [id, why] : undecodable) {
    if (id < audio.size()) report.undecodable.push_back({audio[id], why});
  }
  if (undecodable.size() == audio.size()) return report;
  TUTTI_ASSIGN_OR_RETURN(
      const auto scored,
      CallRunner(context, kTrainer,
                 MakePredictJob(checkpoint, audio, preprocess, undecodable, scratch.path())));
  TUTTI_ASSIGN_OR_RETURN(const auto rows,
                         Field<std::vector<Json>>(scored.back(), "predictions", kTrainer));
  for (const Json& row : rows) {
    TUTTI_ASSIGN_OR_RETURN(AudioPrediction prediction, ToPrediction(row, checkpoint, audio));
    report.predictions.push_back(std::move(prediction));
  }
  return report;
}

}  // namespace tutti
