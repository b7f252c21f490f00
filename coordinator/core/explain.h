// Why a job stands where it stands, in words, and what to do: (facts) → explanation. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/core/records.h"
#include "coordinator/core/situation.h"

namespace tutti {

// What the store knows of the job.
struct JobHistory {
  std::optional<FailureClass> failure;
  std::string message;  // why it failed
  FailureTally tally;
  std::int64_t time_limit_ms = 0;       // 0: none
  std::vector<AttemptRecord> attempts;  // by number
  std::vector<std::string> log_tail;    // of the last attempt that failed
  std::map<WorkerId, std::string> worker_names;
};

struct Explanation {
  struct Reason {
    std::string code;  // stable, for programs: "no_worker", "sweep_paused", …
    std::string text;  // a sentence without its full stop

    friend bool operator==(const Reason&, const Reason&) = default;
  };
  struct Advice {
    std::string text;
    std::string command;  // to type; may be empty

    friend bool operator==(const Advice&, const Advice&) = default;
  };
  std::string summary;  // one line
  std::vector<Reason> reasons;
  std::vector<Advice> advice;
  std::vector<std::string> log_tail;
};

// shard: the explanation of the preprocess job that a blocked run waits for, or that it failed by;
// its reasons and advice are taken over.
Explanation Explain(const JobSituation& situation, const JobHistory& history,
                    const Explanation* shard);

// Why a ready job is not running yet; also for several jobs of a sweep at once.
void ExplainWaiting(const JobSituation& situation, Explanation& explanation);

}  // namespace tutti
