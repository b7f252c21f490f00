// A worker without runners: it enrols, holds a session and says of each lease that the job is done,
// in the words that a real worker uses.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "common/clock.h"
#include "tests/bench/swarm/timer_queue.h"
#include "tutti/v1/worker.grpc.pb.h"

namespace tutti {

// What all workers of a swarm share.
struct SwarmPlan {
  int slots = 4;
  std::chrono::milliseconds shortest_job{0};  // 0 for both: done as soon as it is leased
  std::chrono::milliseconds longest_job{0};
  int epochs = 0;  // points told of each job before its result
};

// Owned by main; callbacks come from gRPC's threads and the timers'.
class SimulatedWorker final
    : public grpc::ClientBidiReactor<v1::WorkerFrame, v1::CoordinatorFrame> {
 public:
  SimulatedWorker(std::string id, std::string name, const SwarmPlan& plan, const Clock& clock,
                  TimerQueue& timers);

  // Enrols (waits for the answer) and opens a session. The status of the enrolment.
  grpc::Status Start(v1::WorkerService::Stub& stub, const std::string& enrol_token);
  // The session ends; waits for it.
  void End();

  bool accepted() const { return accepted_; }
  bool broken() const { return broken_; }
  std::int64_t results_acknowledged() const { return results_acknowledged_; }
  // Times from telling a result to the next lease, in microseconds.
  std::vector<std::int64_t> TakeLatencies();
  // Times from a heartbeat, which tells of a running job so that it is answered, to its answer, in
  // microseconds; of those that wait for one, how long they have so far.
  std::vector<std::int64_t> TakeHeartbeatWaits();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  using Key = std::pair<std::int64_t, std::int32_t>;  // (job, attempt)
  struct Held {
    std::int64_t sequence = 0;       // of the event told last
    std::int64_t last_sequence = 0;  // of its result; 0: it runs
  };
  // A heartbeat that waits for its answer: the acknowledgement of an event that went with it.
  struct Heartbeat {
    Key attempt;
    std::int64_t sequence = 0;
    SteadyTime due;
  };

  void TakeLease(const v1::Lease& lease);
  void FinishJob(const Key& key);
  void Beat();
  void TellOfRunningJob();
  void NoteAnswers(const Key& attempt, std::int64_t acknowledged);
  void WriteIfDue();
  v1::WorkerFrame MakeFrame();

  const std::string id_;
  const std::string name_;
  const SwarmPlan plan_;
  const Clock& clock_;
  TimerQueue& timers_;
  grpc::ClientContext context_;
  v1::CoordinatorFrame incoming_;
  v1::WorkerFrame outgoing_;
  std::atomic<bool> accepted_ = false;
  std::atomic<bool> broken_ = false;
  std::atomic<std::int64_t> results_acknowledged_ = 0;

  std::mutex mutex_;  // what follows
  std::condition_variable done_changed_;
  std::map<Key, Held> held_;
  std::vector<v1::AttemptEvent> unsent_;
  std::deque<SteadyTime> freed_;  // slots that wait for a lease
  std::vector<std::int64_t> latencies_us_;
  std::deque<Heartbeat> heartbeats_;
  std::vector<std::int64_t> heartbeat_waits_us_;
  std::chrono::milliseconds heartbeat_{5'000};
  std::uint64_t random_ = 1;
  bool hello_sent_ = false;
  bool writing_ = false;
  bool due_ = true;
  bool ended_ = false;
  bool done_ = false;
};

}  // namespace tutti
