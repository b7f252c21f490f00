#include "common/rpc/words.h"

#include <algorithm>
#include <ctime>
#include <map>

namespace tutti {
namespace {

// "JOB_PHASE_RUNNING" → "running".
std::string Word(const std::string& enum_name, const std::string& prefix) {
  std::string word = enum_name.substr(std::min(prefix.size(), enum_name.size()));
  std::ranges::transform(word, word.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

OrderedJson ParsedOrNull(const std::string& text) {
  const auto json = ParseJson(text, "configuration");
  return json.ok() ? OrderedJson(*json) : OrderedJson();
}

template <class Map>
OrderedJson SortedObject(const Map& map) {
  OrderedJson object = OrderedJson::object();
  const std::map<typename Map::key_type, typename Map::mapped_type> sorted(map.begin(), map.end());
  for (const auto& [key, value] : sorted) object[key] = value;
  return object;
}

OrderedJson Counts(const google::protobuf::RepeatedPtrField<v1::PhaseCount>& counts) {
  OrderedJson object = OrderedJson::object();
  for (const v1::PhaseCount& count : counts) object[PhaseName(count.phase())] = count.jobs();
  return object;
}

OrderedJson ToJson(const v1::EpochPoint& epoch) {
  return {{"epoch", epoch.epoch()},
          {"train_loss", epoch.train_loss()},
          {"train_accuracy", epoch.train_accuracy()},
          {"val_loss", epoch.val_loss()},
          {"val_accuracy", epoch.val_accuracy()},
          {"seconds", epoch.seconds()}};
}

OrderedJson ToJson(const v1::AttemptInfo& attempt) {
  return {
      {"attempt", attempt.attempt()},
      {"worker", attempt.worker()},
      {"device", attempt.device()},
      {"outcome", attempt.outcome()},
      {"granted_at_unix_ms", attempt.granted_at_unix_ms()},
      {"started_at_unix_ms", attempt.started_at_unix_ms()},
      {"ended_at_unix_ms", attempt.ended_at_unix_ms()},
      {"failure", FailureName(attempt.failure())},
      {"message", attempt.message()},
      {"exit_code", attempt.exit_code()},
      {"signal", attempt.signal()},
      {"log_tail", std::vector<std::string>(attempt.log_tail().begin(), attempt.log_tail().end())}};
}

OrderedJson UseJson(const v1::WorkerInfo& worker) {
  if (!worker.has_use()) return nullptr;
  OrderedJson gpus = OrderedJson::array();
  for (const v1::MachineUse::Gpu& gpu : worker.use().gpus()) {
    gpus.push_back({{"device", gpu.device()},
                    {"share", gpu.share()},
                    {"memory_used_bytes", gpu.memory_used_bytes()},
                    {"memory_total_bytes", gpu.memory_total_bytes()},
                    {"model", gpu.model()}});
  }
  return {{"cpu_share", worker.use().cpu_share()},
          {"memory_used_bytes", worker.use().memory_used_bytes()},
          {"memory_total_bytes", worker.use().memory_total_bytes()},
          {"gpus", std::move(gpus)}};
}

}  // namespace

std::string PhaseName(v1::JobPhase phase) {
  return Word(v1::JobPhase_Name(phase), "JOB_PHASE_");
}

std::string KindName(v1::JobKind kind) {
  return Word(v1::JobKind_Name(kind), "JOB_KIND_");
}

std::string FailureName(v1::FailureClass failure) {
  if (failure == v1::FAILURE_CLASS_UNSPECIFIED) return "";
  return Word(v1::FailureClass_Name(failure), "FAILURE_CLASS_");
}

std::string TimeText(std::int64_t unix_ms) {
  if (unix_ms == 0) return "–";
  const std::time_t seconds = unix_ms / 1000;
  std::tm time{};
  ::gmtime_r(&seconds, &time);
  char buffer[64];
  std::strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S UTC", &time);
  return buffer;
}

OrderedJson ToJson(const v1::SweepInfo& sweep) {
  return {{"name", sweep.name()},
          {"dataset", sweep.dataset()},
          {"dataset_version", sweep.dataset_version()},
          {"created_at_unix_ms", sweep.created_at_unix_ms()},
          {"state", sweep.state()},
          {"priority", sweep.priority()},
          {"runs", Counts(sweep.runs())},
          {"preprocess", Counts(sweep.preprocess())}};
}

OrderedJson ToJson(const v1::DatasetInfo& dataset) {
  OrderedJson classes = OrderedJson::object();
  for (int i = 0; i < dataset.classes_size(); ++i) {
    classes[dataset.classes(i)] =
        i < dataset.tracks_per_class_size() ? dataset.tracks_per_class(i) : 0;
  }
  return {{"name", dataset.name()},
          {"version", dataset.version()},
          {"registered_at_unix_ms", dataset.registered_at_unix_ms()},
          {"tracks", dataset.tracks()},
          {"classes", std::move(classes)},
          {"groups", dataset.groups()},
          {"size_bytes", dataset.size_bytes()}};
}

OrderedJson ToJson(const v1::JobInfo& job) {
  OrderedJson json{{"id", job.id()},
                   {"sweep", job.sweep()},
                   {"kind", KindName(job.kind())},
                   {"phase", PhaseName(job.phase())},
                   {"attempt", job.attempt()},
                   {"config", ParsedOrNull(job.config_json())},
                   {"worker", job.worker()},
                   {"failure", FailureName(job.failure())},
                   {"message", job.message()}};
  json["last_epoch"] = job.has_last_epoch() ? ToJson(job.last_epoch()) : OrderedJson();
  json["f1_macro"] = job.has_f1_macro() ? OrderedJson(job.f1_macro()) : OrderedJson();
  return json;
}

OrderedJson ToJson(const v1::GetJobResponse& job) {
  OrderedJson json = ToJson(job.job());
  json["key"] = job.key();
  json["metrics"] = SortedObject(job.metrics());
  json["timings_seconds"] = SortedObject(job.timings_seconds());
  json["environment"] = SortedObject(job.environment());
  json["attempts"] = OrderedJson::array();
  for (const auto& attempt : job.attempts()) json["attempts"].push_back(ToJson(attempt));
  json["artifacts"] = OrderedJson::array();
  for (const auto& artifact : job.artifacts()) {
    json["artifacts"].push_back({{"name", artifact.name()},
                                 {"blob_hash", artifact.blob_hash()},
                                 {"size_bytes", artifact.size_bytes()}});
  }
  json["epochs"] = OrderedJson::array();
  for (const auto& epoch : job.epochs()) json["epochs"].push_back(ToJson(epoch));
  return json;
}

OrderedJson ToJson(const v1::WorkerInfo& worker) {
  OrderedJson running = OrderedJson::array();
  for (const v1::Attempt& attempt : worker.running()) running.push_back(attempt.job_id());
  OrderedJson set_aside = OrderedJson::array();
  for (const auto& place : worker.set_aside()) {
    set_aside.push_back({{"device", place.device()},
                         {"reason", place.reason()},
                         {"until_unix_ms", place.until_unix_ms()},
                         {"times", place.times()}});
  }
  OrderedJson kinds = OrderedJson::array();
  for (const int kind : worker.kinds()) kinds.push_back(KindName(static_cast<v1::JobKind>(kind)));
  return {{"id", worker.id()},
          {"name", worker.name()},
          {"host", worker.host()},
          {"version", worker.version()},
          {"state", worker.state()},
          {"connected", worker.connected()},
          {"draining", worker.draining()},
          {"drained", worker.drained()},
          {"set_aside", std::move(set_aside)},
          {"kinds", std::move(kinds)},
          {"devices", std::vector<std::string>(worker.devices().begin(), worker.devices().end())},
          {"data_roots",
           std::vector<std::string>(worker.data_roots().begin(), worker.data_roots().end())},
          {"slots", worker.slots()},
          {"busy_slots", worker.busy_slots()},
          {"cores", worker.cores()},
          {"use", UseJson(worker)},
          {"last_seen_unix_ms", worker.last_seen_unix_ms()},
          {"running", std::move(running)}};
}

OrderedJson ToJson(const v1::SubmitSweepResponse& report) {
  return {{"sweep", report.sweep()},
          {"created", report.created()},
          {"runs_planned", report.runs_planned()},
          {"runs_added", report.runs_added()},
          {"runs_already_there", report.runs_already_there()},
          {"runs_no_longer_named", report.runs_no_longer_named()},
          {"runs_removed", report.runs_removed()},
          {"preprocess_jobs_added", report.preprocess_jobs_added()},
          {"notes", std::vector<std::string>(report.notes().begin(), report.notes().end())}};
}

OrderedJson ToJson(const v1::Event& event) {
  return {{"number", event.number()}, {"at_unix_ms", event.at_unix_ms()},
          {"kind", event.kind()},     {"sweep", event.sweep()},
          {"job", event.job_id()},    {"attempt", event.attempt()},
          {"worker", event.worker()}, {"detail", event.detail()}};
}

OrderedJson ToJson(const v1::ExplainResponse& explained) {
  OrderedJson reasons = OrderedJson::array();
  for (const auto& reason : explained.reasons()) {
    reasons.push_back({{"code", reason.code()}, {"text", reason.text()}});
  }
  OrderedJson advice = OrderedJson::array();
  for (const auto& step : explained.advice()) {
    advice.push_back({{"text", step.text()}, {"command", step.command()}});
  }
  const bool is_job = explained.job_id() != 0;
  return {{"job", is_job ? OrderedJson(explained.job_id()) : OrderedJson()},
          {"sweep", explained.sweep()},
          {"phase", is_job ? OrderedJson(PhaseName(explained.phase())) : OrderedJson()},
          {"summary", explained.summary()},
          {"reasons", std::move(reasons)},
          {"advice", std::move(advice)},
          {"log_tail",
           std::vector<std::string>(explained.log_tail().begin(), explained.log_tail().end())}};
}

}  // namespace tutti
