#include "worker/daemon/runner_event.h"

#include <limits>
#include <utility>

#include "common/json.h"
#include "common/safe_path.h"

namespace tutti {
namespace {

constexpr char kWhat[] = "event of the runner";
constexpr std::string_view kSecondsEnding = "_seconds";

// JSON has no NaN: runners write null.
Result<double> Number(const Json& object, const char* key) {
  return FieldOr<double>(object, key, std::numeric_limits<double>::quiet_NaN(), kWhat);
}

// A whole number that the contract's fields hold: an epoch, a label, a vote.
Result<std::int32_t> Count(std::int64_t number, const char* key) {
  if (number < 0 || number > std::numeric_limits<std::int32_t>::max()) {
    return InvalidArgument(std::string(kWhat) + ": \"" + key + "\": expected a number from 0 to " +
                           std::to_string(std::numeric_limits<std::int32_t>::max()) + ", got " +
                           std::to_string(number));
  }
  return static_cast<std::int32_t>(number);
}
Result<std::int32_t> Count(const Json& object, const char* key) {
  TUTTI_ASSIGN_OR_RETURN(const auto number, Field<std::int64_t>(object, key, kWhat));
  return Count(number, key);
}

Result<RunnerEvent> ToHello(const Json& event) {
  RunnerHello hello;
  TUTTI_ASSIGN_OR_RETURN(hello.protocol, Field<std::int64_t>(event, "protocol", kWhat));
  TUTTI_ASSIGN_OR_RETURN(hello.reusable, FieldOr<bool>(event, "reusable", false, kWhat));
  return RunnerEvent(hello);
}

Result<RunnerEvent> ToProgress(const Json& event) {
  TUTTI_ASSIGN_OR_RETURN(const auto done, Field<std::int64_t>(event, "done", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto total, FieldOr<std::int64_t>(event, "total", 0, kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto unit, FieldOr<std::string>(event, "unit", "", kWhat));
  v1::Progress progress;
  progress.set_done(done);
  progress.set_total(total);
  progress.set_unit(unit);
  return RunnerEvent(std::move(progress));
}

Result<RunnerEvent> ToEpoch(const Json& event) {
  TUTTI_ASSIGN_OR_RETURN(const auto number, Count(event, "epoch"));
  TUTTI_ASSIGN_OR_RETURN(const double train_loss, Number(event, "train_loss"));
  TUTTI_ASSIGN_OR_RETURN(const double train_accuracy, Number(event, "train_accuracy"));
  TUTTI_ASSIGN_OR_RETURN(const double val_loss, Number(event, "val_loss"));
  TUTTI_ASSIGN_OR_RETURN(const double val_accuracy, Number(event, "val_accuracy"));
  TUTTI_ASSIGN_OR_RETURN(const double seconds, Number(event, "seconds"));
  v1::EpochPoint epoch;
  epoch.set_epoch(number);
  epoch.set_train_loss(train_loss);
  epoch.set_train_accuracy(train_accuracy);
  epoch.set_val_loss(val_loss);
  epoch.set_val_accuracy(val_accuracy);
  epoch.set_seconds(seconds);
  return RunnerEvent(std::move(epoch));
}

Result<RunnerEvent> ToResume(const Json& event) {
  RunnerResume resume;
  TUTTI_ASSIGN_OR_RETURN(resume.path, Field<std::string>(event, "path", kWhat));
  TUTTI_ASSIGN_OR_RETURN(resume.epoch, Count(event, "epoch"));
  return RunnerEvent(std::move(resume));
}

Result<RunnerEvent> ToGpuMemory(const Json& event) {
  RunnerGpuMemory memory;
  TUTTI_ASSIGN_OR_RETURN(memory.peak_bytes, Field<std::int64_t>(event, "peak_bytes", kWhat));
  TUTTI_ASSIGN_OR_RETURN(memory.total_bytes, FieldOr<std::int64_t>(event, "total_bytes", 0, kWhat));
  // More than any machine has, and still far from the end of 64 bits when some are added.
  constexpr std::int64_t kMost = std::int64_t{1} << 50;
  if (memory.peak_bytes >= 0 && memory.peak_bytes <= kMost && memory.total_bytes >= 0) {
    return RunnerEvent(memory);
  }
  return InvalidArgument(std::string(kWhat) + ": gpu_memory: expected bytes from 0 on, got " +
                         std::to_string(memory.peak_bytes) + " of " +
                         std::to_string(memory.total_bytes));
}

Result<RunnerEvent> ToTrackError(const Json& event) {
  RunnerTrackError error;
  TUTTI_ASSIGN_OR_RETURN(error.track_id, Field<std::int64_t>(event, "id", kWhat));
  TUTTI_ASSIGN_OR_RETURN(error.message, Field<std::string>(event, "error", kWhat));
  return RunnerEvent(std::move(error));
}

Result<RunnerEvent> ToArtifact(const Json& event) {
  RunnerArtifact artifact;
  TUTTI_ASSIGN_OR_RETURN(artifact.name, Field<std::string>(event, "name", kWhat));
  TUTTI_ASSIGN_OR_RETURN(artifact.path, Field<std::string>(event, "path", kWhat));
  // The coordinator refuses such a name and all that comes with it.
  if (artifact.name.size() > kMaxArtifactNameBytes || !IsSafeRelativePath(artifact.name)) {
    return InvalidArgument(std::string(kWhat) + ": artifact: expected a name of 1 to " +
                           std::to_string(kMaxArtifactNameBytes) +
                           " bytes that stays below its folder, got \"" +
                           artifact.name.substr(0, kMaxArtifactNameBytes) + "\"");
  }
  return RunnerEvent(std::move(artifact));
}

Result<v1::Prediction> ToPrediction(const Json& entry) {
  TUTTI_ASSIGN_OR_RETURN(const auto track, Field<std::int64_t>(entry, "track", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto label, Count(entry, "label"));
  TUTTI_ASSIGN_OR_RETURN(const auto predicted, Count(entry, "predicted"));
  TUTTI_ASSIGN_OR_RETURN(const auto votes,
                         FieldOr<std::vector<std::int64_t>>(entry, "votes", {}, kWhat));
  v1::Prediction prediction;
  prediction.set_track_id(track);
  prediction.set_label(label);
  prediction.set_predicted(predicted);
  for (const std::int64_t vote : votes) {
    TUTTI_ASSIGN_OR_RETURN(const auto count, Count(vote, "votes"));
    prediction.add_votes(count);
  }
  return prediction;
}

Result<std::map<std::string, double>> Numbers(const Json& event, const char* key) {
  TUTTI_ASSIGN_OR_RETURN(const Json object, FieldOr<Json>(event, key, Json::object(), kWhat));
  std::map<std::string, double> numbers;
  if (!object.is_object()) {
    return InvalidArgument(std::string(kWhat) + ": \"" + key + "\": expected an object");
  }
  for (const auto& [name, value] : object.items()) {
    TUTTI_ASSIGN_OR_RETURN(numbers[name], Number(object, name.c_str()));
  }
  return numbers;
}

Result<RunnerEvent> ToResult(const Json& event) {
  RunnerResult result;
  v1::Finished& finished = result.finished;
  TUTTI_ASSIGN_OR_RETURN(const auto metrics, Numbers(event, "metrics"));
  finished.mutable_metrics()->insert(metrics.begin(), metrics.end());
  TUTTI_ASSIGN_OR_RETURN(const auto timings, Numbers(event, "timings"));
  for (const auto& [name, seconds] : timings) {
    const std::size_t cut = name.ends_with(kSecondsEnding) ? kSecondsEnding.size() : 0;
    (*finished.mutable_timings_seconds())[name.substr(0, name.size() - cut)] = seconds;
  }
  TUTTI_ASSIGN_OR_RETURN(const auto predictions,
                         FieldOr<std::vector<Json>>(event, "predictions", {}, kWhat));
  for (const Json& entry : predictions) {
    TUTTI_ASSIGN_OR_RETURN(*finished.add_predictions(), ToPrediction(entry));
  }
  TUTTI_ASSIGN_OR_RETURN(const Json environment,
                         FieldOr<Json>(event, "environment", Json::object(), kWhat));
  for (const auto& [name, value] : environment.items()) {
    (*finished.mutable_environment())[name] =
        value.is_string() ? value.get<std::string>() : DumpJson(value);
  }
  return RunnerEvent(std::move(result));
}

// A class that a runner may not claim, or that this release does not know, is a crash.
v1::FailureClass ToFailure(const std::string& name) {
  static const std::map<std::string, v1::FailureClass> kNames{
      {"bad_config", v1::FAILURE_CLASS_BAD_CONFIG},
      {"bad_data", v1::FAILURE_CLASS_BAD_DATA},
      {"out_of_memory", v1::FAILURE_CLASS_OUT_OF_MEMORY},
  };
  const auto found = kNames.find(name);
  return found == kNames.end() ? v1::FAILURE_CLASS_CRASHED : found->second;
}

Result<RunnerEvent> ToError(const Json& event) {
  TUTTI_ASSIGN_OR_RETURN(const auto name, FieldOr<std::string>(event, "class", "crashed", kWhat));
  TUTTI_ASSIGN_OR_RETURN(auto message, FieldOr<std::string>(event, "message", "", kWhat));
  return RunnerEvent(RunnerError{ToFailure(name), std::move(message)});
}

using Converter = Result<RunnerEvent> (*)(const Json&);

Converter ConverterOf(const std::string& name) {
  static const std::map<std::string, Converter> kConverters{
      {"hello", ToHello},      {"progress", ToProgress}, {"epoch", ToEpoch},
      {"track", ToTrackError}, {"artifact", ToArtifact}, {"result", ToResult},
      {"error", ToError},      {"resume", ToResume},     {"gpu_memory", ToGpuMemory},
  };
  const auto found = kConverters.find(name);
  return found == kConverters.end() ? nullptr : found->second;
}

}  // namespace

ParsedEvent ParseRunnerEvent(std::string_view line) {
  const Result<Json> json = ParseJson(line, kWhat);
  if (!json.ok()) return BadEvent{json.error()};
  const Result<std::string> name = Field<std::string>(*json, "event", kWhat);
  if (!name.ok()) return BadEvent{name.error()};
  const Converter convert = ConverterOf(*name);
  if (convert == nullptr) return std::monostate{};
  Result<RunnerEvent> event = convert(*json);
  if (event.ok()) return *std::move(event);
  return BadEvent{Annotate(event.error(), *name), *name == "result" || *name == "error"};
}

}  // namespace tutti
