// Lines from stdin on a thread of their own, so that a cancel is heard while a job runs.
#pragma once

#include <condition_variable>
#include <deque>
#include <istream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace tutti {

// Thread-safe. The reading thread ends with the stream.
class JobSource {
 public:
  // in must outlive it, and must have ended when this is destroyed.
  explicit JobSource(std::istream& in);
  ~JobSource();
  JobSource(const JobSource&) = delete;
  JobSource& operator=(const JobSource&) = delete;

  // The next job line; waits for it. Nothing at the end of the stream.
  std::optional<std::string> Next();
  // Whether the job that Next gave last is to stop: cancelled, or nobody is there to hear its
  // result.
  bool StopAsked();

 private:
  void Read(std::istream& in);

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> jobs_;
  bool cancel_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace tutti
