#include "worker/trainer/runner.h"

#include <new>
#include <ostream>

#include <c10/util/Exception.h>

#include "worker/trainer/predict.h"
#include "worker/trainer/train_job.h"

namespace tutti {
namespace {

constexpr int kProtocol = 1;

Json ErrorEvent(const std::string& failure_class, const std::string& message) {
  return {{"event", "error"}, {"class", failure_class}, {"message", message}};
}

std::string ClassOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnimplemented:
      return "bad_config";
    case ErrorCode::kDataLoss:
    case ErrorCode::kNotFound:
      return "bad_data";
    case ErrorCode::kResourceExhausted:
      return "out_of_memory";
    case ErrorCode::kCancelled:
      return "cancelled";
    default:
      return "crashed";
  }
}

Result<Json> Run(const std::string& line, const Clock& clock, const RunHooks& hooks,
                 KeptModel& kept) {
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(line, "job line"));
  TUTTI_ASSIGN_OR_RETURN(const auto kind, Field<std::string>(json, "kind", "job line"));
  if (kind == "predict") {
    TUTTI_ASSIGN_OR_RETURN(const PredictJob job, ParsePredictJob(json));
    return PredictRun(job, clock, hooks, kept);
  }
  if (kind != "train") {
    return InvalidArgument("job line: tutti-train takes jobs of kind train or predict, got " +
                           kind);
  }
  kept.Drop();  // a training has the memory for itself
  TUTTI_ASSIGN_OR_RETURN(const TrainJob job, ParseTrainJob(json));
  return TrainRun(job, clock, hooks);
}

// torch tells a lack of memory in words only.
bool SoundsLikeNoMemory(const std::string& what) {
  return what.find("out of memory") != std::string::npos ||
         what.find("can't allocate memory") != std::string::npos ||
         what.find("not enough memory") != std::string::npos;
}

}  // namespace

Json RunJobLine(const std::string& line, const Clock& clock, const RunHooks& hooks) {
  KeptModel none;
  return RunJobLine(line, clock, hooks, none);
}

Json RunJobLine(const std::string& line, const Clock& clock, const RunHooks& hooks,
                KeptModel& kept) {
  try {
    Result<Json> result = Run(line, clock, hooks, kept);
    if (result.ok()) return *std::move(result);
    return ErrorEvent(ClassOf(result.error().code), result.error().message);
  } catch (const c10::Error& e) {
    const std::string what = e.what_without_backtrace();
    return ErrorEvent(SoundsLikeNoMemory(what) ? "out_of_memory" : "crashed", what);
  } catch (const std::bad_alloc&) {
    return ErrorEvent("out_of_memory", "this process has no memory left");
  } catch (const std::exception& e) {
    return ErrorEvent("crashed", e.what());
  }
}

std::string EventLine(const Json& event) {
  OrderedJson line{{"event", event.at("event")}};
  for (const auto& [key, value] : event.items()) line[key] = value;
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

void ServeJobs(JobSource& source, std::ostream& out, const Clock& clock) {
  const auto emit = [&](const Json& event) { out << EventLine(event) << std::endl; };
  emit({{"event", "hello"}, {"protocol", kProtocol}, {"reusable", true}});
  KeptModel kept;
  while (const auto line = source.Next()) {
    emit(RunJobLine(*line, clock,
                    {emit, [&] { return source.StopAsked(); },
                     [&](const std::string& text) { out << text << std::endl; }},
                    kept));
  }
}

}  // namespace tutti
