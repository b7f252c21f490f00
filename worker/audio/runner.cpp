#include "worker/audio/runner.h"

#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "common/json.h"

namespace tutti {
namespace {

constexpr int kProtocolVersion = 1;
constexpr char kShardName[] = "shard.safetensors";

std::string_view FailureClass(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "bad_config";
    case ErrorCode::kDataLoss:
      return "bad_data";
    case ErrorCode::kResourceExhausted:
      return "out_of_memory";
    case ErrorCode::kCancelled:
      return "cancelled";
    default:
      return "crashed";
  }
}

OrderedJson ErrorEvent(const Error& error) {
  return {{"event", "error"}, {"class", FailureClass(error.code)}, {"message", error.message}};
}

OrderedJson ResultEvent(const PreprocessReport& report) {
  return {{"event", "result"},
          {"metrics",
           {{"tracks", report.rows}, {"undecodable", report.undecodable}, {"peak", report.peak}}},
          {"timings",
           {{"load_seconds", report.load_seconds},
            {"compute_seconds", report.compute_seconds},
            {"write_seconds", report.write_seconds},
            {"total_seconds", report.total_seconds}}},
          {"predictions", OrderedJson::array()}};
}

class EventObserver final : public PreprocessObserver {
 public:
  explicit EventObserver(EventWriter& events) : events_(events) {}
  void OnUndecodable(const PreprocessTrack& track, const std::string& why) override {
    events_.Write({{"event", "track"}, {"id", track.id}, {"error", why}});
  }
  void OnProgress(std::size_t done, std::size_t total) override {
    events_.Write({{"event", "progress"}, {"done", done}, {"total", total}, {"unit", "tracks"}});
  }

 private:
  EventWriter& events_;
};

bool IsCancel(const std::string& line) {
  const auto json = ParseJson(line, "line");
  if (!json.ok()) return false;
  const auto command = Field<std::string>(*json, "command", "line");
  return command.ok() && *command == "cancel";
}

// Memory may end while a job is read, too.
Result<PreprocessJob> Parse(const std::string& line) {
  try {
    return ParsePreprocessJob(line);
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("out of memory while reading a job");
  }
}

}  // namespace

Runner::Runner(EventWriter& events, const Clock& clock) : events_(events), clock_(clock) {}

Status Runner::Run(int input_fd) {
  events_.Write({{"event", "hello"}, {"protocol", kProtocolVersion}, {"reusable", true}});
  std::jthread worker([this] { WorkUntilStopped(); });
  Status read = ReadJobs(input_fd);
  events_.Close();
  CancelAll();
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  return read;
}

Status Runner::ReadJobs(int input_fd) {
  LineReader lines(input_fd);
  while (true) {
    auto line = lines.Next();
    if (!line.ok() && line.error().code != ErrorCode::kResourceExhausted) return line.error();
    if (!line.ok()) {
      Take(InvalidArgument(line.error().message));
    } else if (!line->has_value()) {
      return {};
    } else if (IsCancel(**line)) {
      CancelAll();
    } else {
      Take(Parse(**line));
    }
  }
}

void Runner::Take(Result<PreprocessJob> job) {
  auto queued = std::make_shared<QueuedJob>(std::move(job));
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMaxWaitingJobs; });
  waiting_.push_back(std::move(queued));
  changed_.notify_all();
}

void Runner::CancelAll() {
  const std::scoped_lock lock(mutex_);
  for (const auto& queued : waiting_) queued->cancelled = true;
  if (running_ != nullptr) running_->cancelled = true;
}

void Runner::WorkUntilStopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    running_ = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    const std::shared_ptr<QueuedJob> job = running_;
    lock.unlock();
    RunJob(*job);
    lock.lock();
    running_ = nullptr;
  }
}

void Runner::RunJob(const QueuedJob& queued) {
  if (!queued.job.ok()) return events_.Write(ErrorEvent(queued.job.error()));
  const PreprocessJob& job = *queued.job;
  EventObserver observer(events_);
  const auto report = Preprocess(job.tracks, job.spec, job.threads, job.output_dir / kShardName,
                                 clock_, queued.cancelled, observer);
  if (!report.ok()) return events_.Write(ErrorEvent(report.error()));
  events_.Write({{"event", "artifact"}, {"name", "shard"}, {"path", kShardName}});
  events_.Write(ResultEvent(*report));
}

}  // namespace tutti
