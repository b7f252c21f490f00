#include "worker/trainer/resume.h"

#include <cstdio>

#include "common/json.h"
#include "common/safetensors.h"

namespace tutti {
namespace {

constexpr std::string_view kModel = "model.";
constexpr std::string_view kBest = "best.";
constexpr std::string_view kAdam = "adam.";
constexpr int kFormat = 1;

// All that the run's numbers depend on, so that no file of another run is taken for this one's.
std::string IdentityOf(const TrainJob& job) {
  Json tracks = Json::array();
  for (const JobTrack& track : job.tracks) {
    tracks.push_back(Json::array({track.id, track.label, track.content_hash}));
  }
  return DumpJson({{"format", kFormat},
                   {"model", job.model},
                   {"slice_seconds", job.slice_seconds},
                   {"seed", job.seed},
                   {"epochs", job.training.epochs},
                   {"patience", job.training.patience},
                   {"batch_size", job.training.batch_size},
                   {"overlap", job.training.overlap},
                   {"learning_rate", job.training.learning_rate},
                   {"protocol", job.protocol == Protocol::kPublished ? "published" : "correct"},
                   {"threads", job.threads},
                   {"precision", PrecisionName(job.precision)},
                   {"dropout", job.training.dropout},
                   {"weights", job.weights.string()},
                   {"features", job.feature_spec_hash},
                   {"classes", job.classes},
                   {"tracks", std::move(tracks)},
                   {"train", job.split.train},
                   {"validation", job.split.validation},
                   {"test", job.split.test}});
}

Json ToJson(const EpochPoint& point) {
  return Json::array({point.epoch, point.train_loss, point.train_accuracy, point.val_loss,
                      point.val_accuracy, point.seconds});
}

Result<EpochPoint> ToPoint(const Json& json) {
  if (!json.is_array() || json.size() != 6)
    return DataLoss("resume file: an epoch of another form");
  for (const Json& value : json) {
    if (!value.is_number()) return DataLoss("resume file: an epoch that is no numbers");
  }
  return EpochPoint{json[0].get<std::int64_t>(), json[1].get<double>(), json[2].get<double>(),
                    json[3].get<double>(),       json[4].get<double>(), json[5].get<double>()};
}

std::string MomentName(std::size_t index) {
  char text[24];
  std::snprintf(text, sizeof(text), "%04zu", index);
  return std::string(kAdam) + text;
}

// The tensors whose names begin so, without that beginning.
Weights Part(const Weights& all, std::string_view prefix) {
  Weights part;
  for (const auto& [name, tensor] : all) {
    if (name.starts_with(prefix)) part[name.substr(prefix.size())] = tensor;
  }
  return part;
}

Status ReadFacts(const Json& facts, ResumeState& state) {
  constexpr std::string_view kWhat = "resume file";
  TUTTI_ASSIGN_OR_RETURN(state.adam_step, Field<std::int64_t>(facts, "adam_step", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto masks, Field<std::int64_t>(facts, "masks_drawn", kWhat));
  state.masks_drawn = static_cast<std::uint64_t>(masks);
  TUTTI_ASSIGN_OR_RETURN(state.best_epoch, Field<std::int64_t>(facts, "best_epoch", kWhat));
  TUTTI_ASSIGN_OR_RETURN(state.best_loss, Field<double>(facts, "best_loss", kWhat));
  TUTTI_ASSIGN_OR_RETURN(state.train_seconds, Field<double>(facts, "train_seconds", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto epochs, Field<std::vector<Json>>(facts, "epochs", kWhat));
  for (const Json& epoch : epochs) {
    TUTTI_ASSIGN_OR_RETURN(const EpochPoint point, ToPoint(epoch));
    state.epochs.push_back(point);
  }
  if (state.epochs.empty()) return DataLoss("resume file: no epoch in it");
  return {};
}

}  // namespace

Status SaveResume(const std::filesystem::path& path, const TrainJob& job,
                  const ResumeState& state) {
  Weights all;
  for (const auto& [name, tensor] : state.model) all[std::string(kModel) + name] = tensor;
  for (const auto& [name, tensor] : state.best) all[std::string(kBest) + name] = tensor;
  for (std::size_t i = 0; i < state.moments.size(); ++i) {
    all[MomentName(i)] = state.moments[i].to(torch::kCPU).contiguous();
  }
  Json epochs = Json::array();
  for (const EpochPoint& point : state.epochs) epochs.push_back(ToJson(point));
  const Json facts = {{"adam_step", state.adam_step},         {"masks_drawn", state.masks_drawn},
                      {"best_epoch", state.best_epoch},       {"best_loss", state.best_loss},
                      {"train_seconds", state.train_seconds}, {"epochs", std::move(epochs)}};
  return SaveCheckpoint(path, all, {{"run", IdentityOf(job)}, {"resume", DumpJson(facts)}});
}

Result<ResumeState> ReadResume(const std::filesystem::path& path, const TrainJob& job) {
  TUTTI_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::Open(path));
  const auto text = [&](std::string_view key) {
    const auto at = file->metadata().find(key);
    return at == file->metadata().end() ? std::string() : at->second;
  };
  if (text("run") != IdentityOf(job)) {
    return FailedPrecondition("resume file " + path.string() + " is of another run");
  }
  const auto facts = ParseJson(text("resume"), "resume file");
  if (!facts.ok()) return DataLoss(facts.error().message);
  ResumeState state;
  if (const Status read = ReadFacts(*facts, state); !read.ok()) {
    return DataLoss(read.error().message);
  }
  TUTTI_ASSIGN_OR_RETURN(const Weights all, ReadCheckpoint(path));
  state.model = Part(all, kModel);
  state.best = Part(all, kBest);
  for (auto& [name, tensor] : Part(all, kAdam)) state.moments.push_back(tensor);
  return state;
}

}  // namespace tutti
