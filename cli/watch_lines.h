// What `tutti watch` shows below a sweep's progress: who works, and what happened last.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

// "anna [██·] 2/3 slots, connected", one line a worker that is connected or busy; those that are
// away are counted in a last line.
std::vector<std::string> WorkerLines(const v1::ListWorkersResponse& workers);

// The newest events, one line each, the newest last: "12:03:07 attempt_granted job 12 anna". Keeps
// at most `most`.
class EventTail {
 public:
  explicit EventTail(std::size_t most) : most_(most) {}

  // A page of events, older than no event before it.
  void Add(const v1::ListEventsResponse& events);
  std::int64_t last_number() const { return last_number_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  const std::size_t most_;
  std::int64_t last_number_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace tutti
