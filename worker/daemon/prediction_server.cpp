#include "worker/daemon/prediction_server.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include <spdlog/spdlog.h>

#include "common/hash.h"
#include "common/safetensors.h"

namespace tutti {
namespace {

constexpr unsigned kPrivateFolder = 0700;
constexpr char kAudioName[] = "audio";
constexpr char kShardName[] = "shard.safetensors";
constexpr char kSlicesName[] = "slices.json";

// [1 × bands × frames] features of 0 to 1 as levels.
Status AddMel(const std::filesystem::path& shard, v1::Heard& heard) {
  TUTTI_ASSIGN_OR_RETURN(const auto file, SafetensorsFile::Open(shard));
  TUTTI_ASSIGN_OR_RETURN(const TensorView mel, file->Tensor("mel"));
  if (mel.type != ElementType::kF32 || mel.shape.size() != 3 || mel.shape[0] != 1) {
    return DataLoss("the features of one file have another shape than one track's");
  }
  std::string levels;
  for (const float value : mel.AsFloats()) {
    levels += static_cast<char>(std::lround(255 * std::clamp(value, 0.0F, 1.0F)));
  }
  heard.set_mel_bands(static_cast<std::int32_t>(mel.shape[1]));
  heard.set_mel_frames(static_cast<std::int32_t>(mel.shape[2]));
  heard.set_mel(std::move(levels));
  return {};
}

Status AddSlices(FileSystem& files, const std::filesystem::path& path, v1::Heard& heard) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, kSlicesName));
  TUTTI_ASSIGN_OR_RETURN(const auto slices, Field<std::vector<Json>>(json, "slices", kSlicesName));
  for (const Json& slice : slices) {
    auto& row = *heard.add_slices();
    for (const Json& value : slice) row.add_probabilities(value.get<float>());
  }
  return {};
}

}  // namespace

struct PredictionServer::Prediction {
  v1::ServeRequest request;
  ServeLink::Answer answer;
  std::filesystem::path folder;
  std::string audio_hash;
  std::optional<BlobCache::Pin> weights;
  v1::Heard heard;
  SteadyTime begun{};
  RunnerPool::JobNumber job = 0;
  EventLoop::TimerId limit = 0;
  std::string undecodable;  // why
  bool ended = false;
};

Result<std::unique_ptr<PredictionServer>> PredictionServer::Start(const Surroundings& surroundings,
                                                                  std::filesystem::path folder,
                                                                  std::string worker_id,
                                                                  std::string token, int threads) {
  TUTTI_RETURN_IF_ERROR(surroundings.files.RemoveAll(folder));
  TUTTI_RETURN_IF_ERROR(surroundings.files.CreateDirectories(folder, kPrivateFolder));
  std::unique_ptr<PredictionServer> server(
      new PredictionServer(surroundings, std::move(folder), threads));
  const auto on_request = [raw = server.get()](v1::ServeRequest request, ServeLink::Answer answer) {
    auto prediction = std::make_shared<Prediction>();
    prediction->request = std::move(request);
    prediction->answer = std::move(answer);
    raw->around_.loop.Post([raw, prediction] {
      raw->waiting_.push_back(prediction);
      if (raw->waiting_.size() == 1) raw->StartNext();
    });
  };
  server->link_ = std::make_unique<ServeLink>(surroundings.stub, surroundings.random,
                                              std::move(worker_id), std::move(token), on_request);
  return server;
}

PredictionServer::~PredictionServer() {
  link_.reset();
}

void PredictionServer::StartNext() {
  if (waiting_.empty()) return;
  const Current prediction = waiting_.front();
  prediction->begun = around_.clock.SteadyNow();
  prediction->folder = folder_ / std::to_string(++last_number_);
  prediction->heard.set_request_id(prediction->request.id());
  prediction->limit = around_.loop.RunAt(prediction->begun + kPredictionLimit, [this, prediction] {
    around_.runners.Abort(prediction->job);
    End(prediction, v1::FAILURE_CLASS_TIMED_OUT, "it took too long");
  });
  io_.Run([this, prediction] {
    const Status prepared = Prepare(*prediction);
    around_.loop.Post([this, prediction, prepared] {
      if (prepared.ok()) return Preprocess(prediction);
      End(prediction, v1::FAILURE_CLASS_CRASHED, prepared.error().message);
    });
  });
}

Status PredictionServer::Prepare(Prediction& prediction) {
  TUTTI_RETURN_IF_ERROR(around_.files.CreateDirectories(prediction.folder, kPrivateFolder));
  // Not synced: it is gone in a second.
  TUTTI_ASSIGN_OR_RETURN(const auto file,
                         around_.files.OpenForAppend(prediction.folder / kAudioName));
  TUTTI_RETURN_IF_ERROR(file->Append(prediction.request.audio()));
  prediction.audio_hash = Sha256Hex(prediction.request.audio());
  prediction.request.clear_audio();
  TUTTI_ASSIGN_OR_RETURN(auto pin,
                         around_.cache.Get(prediction.request.weights_hash(), around_.blobs));
  prediction.weights.emplace(std::move(pin));
  return {};
}

void PredictionServer::RunJob(const Current& prediction, v1::JobKind kind, const Json& line,
                              const std::function<void()>& then) {
  const auto on_event = [prediction](const RunnerEvent& event) {
    if (const auto* track = std::get_if<RunnerTrackError>(&event)) {
      prediction->undecodable = track->message;
    }
  };
  const auto on_end = [this, prediction, kind, then](const JobEnd& end) {
    if (prediction->ended) return;
    if (const auto* broke = std::get_if<v1::Broke>(&end)) {
      return End(prediction, broke->failure(), broke->message());
    }
    const v1::Finished& finished = std::get<RunnerResult>(end).finished;
    const std::string prefix = kind == v1::JOB_KIND_PREPROCESS ? "preprocess_" : "predict_";
    for (const auto& [name, seconds] : finished.timings_seconds()) {
      (*prediction->heard.mutable_timings_seconds())[prefix + name] = seconds;
    }
    const auto peak = finished.metrics().find("peak");
    if (peak != finished.metrics().end()) prediction->heard.set_peak(peak->second);
    then();
  };
  const auto job = around_.runners.Run(kind, DumpJson(line) + "\n", on_event, on_end);
  if (!job.ok()) return End(prediction, v1::FAILURE_CLASS_CRASHED, job.error().message);
  prediction->job = *job;
}

void PredictionServer::Preprocess(const Current& prediction) {
  if (prediction->ended) return;
  const auto spec = ParseJson(prediction->request.feature_spec_json(), "feature spec");
  if (!spec.ok()) return End(prediction, v1::FAILURE_CLASS_BAD_CONFIG, spec.error().message);
  const Json track = {{"id", 0},
                      {"audio", (prediction->folder / kAudioName).string()},
                      {"content_hash", prediction->audio_hash}};
  const Json line = {{"kind", "preprocess"},
                     {"feature_spec", *spec},
                     {"tracks", Json::array({track})},
                     {"output_dir", prediction->folder.string()},
                     {"threads", 1}};
  RunJob(prediction, v1::JOB_KIND_PREPROCESS, line, [this, prediction] {
    if (prediction->undecodable.empty()) return Predict(prediction);
    End(prediction, v1::FAILURE_CLASS_BAD_DATA, prediction->undecodable);
  });
}

void PredictionServer::Predict(const Current& prediction) {
  Json spec = *ParseJson(prediction->request.feature_spec_json(), "feature spec");
  const Json track = {{"id", 0},
                      {"path", kAudioName},
                      {"content_hash", prediction->audio_hash},
                      {"shard", (prediction->folder / kShardName).string()},
                      {"row", 0}};
  const Json line = {{"kind", "predict"},
                     {"weights", prediction->weights->path().string()},
                     {"weights_hash", prediction->request.weights_hash()},
                     {"feature_spec", std::move(spec)},
                     {"dataset", {{"version", prediction->request.dataset_version()}}},
                     {"tracks", Json::array({track})},
                     {"slices", true},
                     {"output_dir", prediction->folder.string()},
                     {"threads", threads_}};
  RunJob(prediction, v1::JOB_KIND_TRAIN, line, [this, prediction] {
    io_.Run([this, prediction] {
      const Status collected = Collect(*prediction);
      around_.loop.Post([this, prediction, collected] {
        if (collected.ok()) return End(prediction, v1::FAILURE_CLASS_UNSPECIFIED, "");
        End(prediction, v1::FAILURE_CLASS_CRASHED, collected.error().message);
      });
    });
  });
}

Status PredictionServer::Collect(Prediction& prediction) {
  TUTTI_RETURN_IF_ERROR(AddMel(prediction.folder / kShardName, prediction.heard));
  return AddSlices(around_.files, prediction.folder / kSlicesName, prediction.heard);
}

void PredictionServer::End(const Current& prediction, v1::FailureClass failure,
                           const std::string& message) {
  if (std::exchange(prediction->ended, true)) return;
  around_.loop.Cancel(prediction->limit);
  prediction->heard.set_failure(failure);
  prediction->heard.set_message(message);
  const std::chrono::duration<double> took = around_.clock.SteadyNow() - prediction->begun;
  (*prediction->heard.mutable_timings_seconds())["total"] = took.count();
  spdlog::info("listened to a file in {:.0f} ms{}{}", 1000 * took.count(),
               message.empty() ? "" : ": ", message);
  io_.Run([this, prediction] {
    prediction->answer(std::move(prediction->heard));
    prediction->weights.reset();
    static_cast<void>(around_.files.RemoveAll(prediction->folder));
  });
  waiting_.pop_front();
  StartNext();
}

}  // namespace tutti
