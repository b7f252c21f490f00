#include "coordinator/rpc/predict_service.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/feature_spec_hash.h"
#include "common/json.h"
#include "common/rpc/channel.h"
#include "coordinator/core/class_selection.h"
#include "coordinator/rpc/worker_names.h"
#include "coordinator/tables/result_table.h"

namespace tutti {
namespace {

// One worker's stream; owns itself and is gone after OnDone.
class ServeReactor final : public grpc::ServerBidiReactor<v1::ServeFrame, v1::ServeRequest> {
 public:
  ServeReactor(ServingHub& hub, const AccessControl& access, const Result<Identity>& allowed)
      : hub_(hub), access_(access) {
    if (!allowed.ok() || !allowed->worker) {
      finished_ = true;
      Finish(ToGrpc(allowed.ok() ? PermissionDenied("only workers serve") : allowed.error()));
      return;
    }
    worker_ = *allowed->worker;
    token_hash_ = allowed->token_hash;
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return End(grpc::Status::OK);
    if (stream_ == 0) {
      if (incoming_.worker_id() != worker_.value) {
        return End(ToGrpc(PermissionDenied("this token belongs to another worker")));
      }
      // Before anything can be asked of it.
      sender_ = std::make_shared<Sender>(this);
      stream_ = hub_.Add(worker_, sender_);
      // Who revokes takes the token before he closes the streams that are there.
      if (!access_.Find(token_hash_)) {
        return End(ToGrpc(Unauthenticated("this worker was revoked")));
      }
    } else if (incoming_.has_heard()) {
      hub_.OnHeard(stream_, std::move(*incoming_.mutable_heard()));
    }
    incoming_.Clear();
    const std::lock_guard lock(mutex_);
    if (!finished_) StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    outgoing_.pop_front();
    if (ok && !finished_ && !outgoing_.empty()) WriteNextLocked();
  }

  void OnCancel() override { End(grpc::Status::CANCELLED); }

  void OnDone() override {
    if (sender_) sender_->Forget();
    if (stream_ != 0) hub_.Remove(stream_);
    delete this;
  }

 private:
  class Sender final : public ServingStream {
   public:
    explicit Sender(ServeReactor* reactor) : reactor_(reactor) {}
    void Send(v1::ServeRequest request) override {
      const std::lock_guard lock(mutex_);
      if (reactor_ != nullptr) reactor_->Send(std::move(request));
    }
    void Close(const Error& why) override {
      const std::lock_guard lock(mutex_);
      if (reactor_ != nullptr) reactor_->End(ToGrpc(why));
    }
    void Forget() {
      const std::lock_guard lock(mutex_);
      reactor_ = nullptr;
    }

   private:
    std::mutex mutex_;
    ServeReactor* reactor_;
  };

  // The hub bounds how many can wait.
  void Send(v1::ServeRequest request) {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    outgoing_.push_back(std::move(request));
    if (!writing_) WriteNextLocked();
  }

  void WriteNextLocked() {
    writing_ = true;
    StartWrite(&outgoing_.front());
  }

  void End(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(finished_, true)) Finish(status);
  }

  ServingHub& hub_;
  const AccessControl& access_;
  WorkerId worker_;
  std::string token_hash_;
  v1::ServeFrame incoming_;
  ServingHub::StreamNumber stream_ = 0;  // 0: it has not said who it is
  std::shared_ptr<Sender> sender_;

  std::mutex mutex_;
  std::deque<v1::ServeRequest> outgoing_;
  bool writing_ = false;
  bool finished_ = false;
};

const ArtifactRecord* KeptWeights(const ResultRecord& result) {
  const ArtifactRecord* last = nullptr;
  for (const ArtifactRecord& artifact : result.artifacts) {
    if (ToInt(artifact.removed_at) != 0) continue;
    if (artifact.name == "best") return &artifact;
    if (artifact.name == "last") last = &artifact;
  }
  return last;
}

double F1Of(const ResultRecord& result) {
  const auto found = result.metrics.find(std::string(kDefaultMetric));
  return found == result.metrics.end() ? -1 : found->second;
}

// The run with the highest F1 that still has weights; nothing: none.
std::optional<ResultRecord> BestOf(const std::vector<ResultRecord>& results) {
  std::optional<ResultRecord> best;
  for (const ResultRecord& result : results) {
    if (F1Of(result) < 0 || KeptWeights(result) == nullptr) continue;
    if (!best || F1Of(result) > F1Of(*best)) best = result;
  }
  return best;
}

// Of the sweep named, else of the newest that has one.
Result<std::optional<ResultRecord>> FindBest(const std::string& name, StoreReader& reader) {
  std::vector<SweepRecord> sweeps;
  if (name.empty()) {
    TUTTI_ASSIGN_OR_RETURN(sweeps, reader.Sweeps());
    std::ranges::stable_sort(sweeps, [](const SweepRecord& a, const SweepRecord& b) {
      return ToInt(a.created_at) > ToInt(b.created_at);
    });
  } else {
    TUTTI_ASSIGN_OR_RETURN(SweepRecord one, reader.Sweep(name));
    sweeps.push_back(std::move(one));
  }
  for (const SweepRecord& sweep : sweeps) {
    if (sweep.dataset.empty()) continue;  // a user's own program: its files are no weights of ours
    TUTTI_ASSIGN_OR_RETURN(const auto results, reader.ResultsOf(sweep.id));
    if (auto best = BestOf(results)) return best;
  }
  return std::optional<ResultRecord>();
}

void FinishWith(grpc::ServerUnaryReactor* reactor, const Status& status) {
  reactor->Finish(status.ok() ? grpc::Status::OK : ToGrpc(status.error()));
}

Error ToError(const v1::Heard& heard) {
  if (heard.failure() == v1::FAILURE_CLASS_BAD_DATA) {
    return InvalidArgument("this file cannot be heard: " + heard.message());
  }
  return Unavailable("the worker could not listen: " + heard.message());
}

}  // namespace

Result<PredictServiceImpl::Chosen> PredictServiceImpl::Choose(const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
  TUTTI_ASSIGN_OR_RETURN(const auto best, FindBest(name, *reader));
  if (!best) {
    return FailedPrecondition(
        "no run is done yet whose weights were kept; the page of a sweep says how far it is");
  }
  TUTTI_ASSIGN_OR_RETURN(const JobRecord job, reader->Job(best->job));
  TUTTI_ASSIGN_OR_RETURN(const SweepRecord sweep, reader->Sweep(job.sweep));
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json, "configuration of a run"));
  TUTTI_ASSIGN_OR_RETURN(const FeatureSpec spec,
                         FeatureSpecFromJson(config.value("features", Json::object())));
  TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests_.Get(sweep.dataset_version));
  TUTTI_ASSIGN_OR_RETURN(const ClassSelection selection,
                         SelectClasses(*manifest, config.value("classes", Json("all"))));
  Chosen chosen;
  chosen.model.set_job_id(job.id.value);
  chosen.model.set_sweep(sweep.name);
  chosen.model.set_config_json(job.config_json);
  chosen.model.set_f1_macro(F1Of(*best));
  chosen.model.mutable_classes()->Add(selection.classes.begin(), selection.classes.end());
  chosen.request.set_weights_hash(KeptWeights(*best)->blob_hash);
  Json spec_json = ToJson(spec);
  spec_json["hash"] = FeatureSpecHash(spec);
  chosen.request.set_feature_spec_json(DumpJson(spec_json));
  chosen.request.set_dataset_version(sweep.dataset_version);
  return chosen;
}

std::string PredictServiceImpl::NameOf(const WorkerId& worker) {
  const auto reader = readers_.Borrow();
  if (!reader.ok()) return worker.value;
  const auto names = NamesOfWorkers(**reader);
  return names.ok() ? NameOr(*names, worker) : worker.value;
}

grpc::ServerBidiReactor<v1::ServeFrame, v1::ServeRequest>* PredictServiceImpl::Serve(
    grpc::CallbackServerContext* context) {
  return new ServeReactor(hub_, access_, access_.Check(*context, Rpc::kServe));
}

grpc::ServerUnaryReactor* PredictServiceImpl::Predict(grpc::CallbackServerContext* context,
                                                      const v1::PredictRequest* request,
                                                      v1::PredictResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto choose = [&]() -> Result<Chosen> {
    TUTTI_RETURN_IF_ERROR(access_.Check(*context, Rpc::kPredict));
    if (request->audio().empty()) return InvalidArgument("the file is empty");
    if (request->audio().size() > kMaxPredictAudioBytes) {
      return InvalidArgument("a file of " + std::to_string(request->audio().size()) +
                             " bytes; at most " + std::to_string(kMaxPredictAudioBytes) +
                             " are listened to");
    }
    return Choose(request->sweep());
  };
  Result<Chosen> chosen = choose();
  if (!chosen.ok()) {
    FinishWith(reactor, chosen.error());
    return reactor;
  }
  *response->mutable_model() = chosen->model;
  chosen->request.set_audio(request->audio());
  hub_.Ask(std::move(chosen->request),
           [this, response, reactor](Result<ServingHub::Answer> answer) {
             if (!answer.ok()) return FinishWith(reactor, answer.error());
             if (answer->heard.failure() != v1::FAILURE_CLASS_UNSPECIFIED) {
               return FinishWith(reactor, ToError(answer->heard));
             }
             response->set_worker(NameOf(answer->worker));
             *response->mutable_heard() = std::move(answer->heard);
             FinishWith(reactor, {});
           });
  return reactor;
}

grpc::ServerUnaryReactor* PredictServiceImpl::GetServing(grpc::CallbackServerContext* context,
                                                         const v1::GetServingRequest* request,
                                                         v1::GetServingResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto answer = [&]() -> Status {
    TUTTI_RETURN_IF_ERROR(access_.Check(*context, Rpc::kGetServing));
    response->set_workers(hub_.workers());
    const Result<Chosen> chosen = Choose(request->sweep());
    if (chosen.ok()) {
      *response->mutable_model() = chosen->model;
      return {};
    }
    if (chosen.error().code == ErrorCode::kFailedPrecondition) return {};
    return chosen.error();
  };
  FinishWith(reactor, answer());
  return reactor;
}

}  // namespace tutti
