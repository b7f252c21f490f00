// The one thread that owns the coordinator's state: takes what has arrived and gives it to the
// group commit, batch by batch.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/core/core.h"
#include "coordinator/store/store.h"
#include "coordinator/writer/group_commit.h"

namespace tutti {

struct WriterOptions {
  CoreOptions core;
  // Requests taken into one transaction: more wait for the next, so that no batch holds the thread
  // for long.
  std::size_t max_batch = 1024;
  // How long the thread sleeps at most while nothing arrives.
  std::chrono::milliseconds idle_wait{1000};
  // A thread that comes back this much later than it meant to was away, and heard nobody meanwhile.
  // A share of the lease.
  int away_share = 4;
};

class Writer {
 public:
  // Both run on the writer thread, as does the listener.
  using Decide = GroupCommit::Decide;
  using Done = GroupCommit::Done;

  // store, clock, listener must outlive it.
  Writer(Store& store, const Clock& clock, const WriterOptions& options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Loads the state and starts the thread. Call once.
  Status Start(WriterListener& listener);
  // Answers what has arrived, then ends the thread. What is posted afterwards is answered
  // kUnavailable.
  void Stop();

  // Before Start; called on the writer thread.
  void UseGate(GroupCommit::Gate gate) { commit_.UseGate(std::move(gate)); }

  // Before Start; called on the writer thread.
  void UseObserver(GroupCommit::Observer observer) { commit_.UseObserver(std::move(observer)); }

  // Before Start; must outlive this.
  void UseTelemetry(Telemetry& telemetry) { commit_.UseTelemetry(telemetry); }

  // Thread-safe.
  void Post(Decide decide, Done done);
  // Answered also while nothing can be committed.
  void PostLook(GroupCommit::Look look, Done done);

 private:
  void Add(GroupCommit::Request request);
  void Run();
  std::deque<GroupCommit::Request> TakeBatch();
  // Leases must not end for what this process has not heard.
  void ForgiveOwnAbsence();

  const Clock& clock_;
  const WriterOptions options_;
  GroupCommit commit_;    // owned by the thread once it runs
  SteadyTime looked_at_;  // of the thread: when it last took what had arrived

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<GroupCommit::Request> inbox_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
