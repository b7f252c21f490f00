// The runner side of the protocol: job lines in, event lines out, one job at a time.
//
// A failing job is an error line and the runner goes on; the classes are bad_config, out_of_memory,
// cancelled and, for what another try may mend (a file that is not there, a full disk), crashed.
// A line that is no job is answered like a job that failed, in its turn, so that no error can be
// taken for another job's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "common/clock.h"
#include "common/result.h"
#include "worker/audio/job.h"
#include "worker/audio/line_io.h"

namespace tutti {

// Jobs read and not yet begun. A daemon has one at a time under way; whoever writes more waits, and
// a cancel behind them too.
inline constexpr std::size_t kMaxWaitingJobs = 16;

class Runner {
 public:
  // Both outlive it.
  Runner(EventWriter& events, const Clock& clock);

  // Says hello, then works until `input_fd` ends; the job then running is abandoned without a word
  // within one track's time. {"command":"cancel"} stops every job read before it that has not
  // ended. kUnavailable: the input cannot be read. Call once, from one thread.
  Status Run(int input_fd);

 private:
  struct QueuedJob {
    Result<PreprocessJob> job;
    std::atomic<bool> cancelled{false};
  };

  Status ReadJobs(int input_fd);
  void Take(Result<PreprocessJob> job);
  void CancelAll();
  void WorkUntilStopped();
  void RunJob(const QueuedJob& queued);

  EventWriter& events_;
  const Clock& clock_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::shared_ptr<QueuedJob>> waiting_;
  std::shared_ptr<QueuedJob> running_;
  bool stopping_ = false;
};

}  // namespace tutti
