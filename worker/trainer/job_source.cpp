#include "worker/trainer/job_source.h"

#include <utility>

#include "common/json.h"

namespace tutti {

JobSource::JobSource(std::istream& in) : thread_([this, &in] { Read(in); }) {}

JobSource::~JobSource() {
  thread_.join();
}

void JobSource::Read(std::istream& in) {
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty()) continue;
    const auto json = ParseJson(line, "line");
    const bool is_command = json.ok() && json->is_object() && json->contains("command");
    const std::lock_guard lock(mutex_);
    if (!is_command) {
      jobs_.push_back(std::move(line));
    } else if ((*json)["command"] == "cancel") {
      cancel_ = true;
    }
    arrived_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  arrived_.notify_all();
}

std::optional<std::string> JobSource::Next() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
  if (jobs_.empty()) return std::nullopt;
  cancel_ = false;
  std::string line = std::move(jobs_.front());
  jobs_.pop_front();
  return line;
}

bool JobSource::StopAsked() {
  const std::lock_guard lock(mutex_);
  return cancel_ || ended_;
}

}  // namespace tutti
