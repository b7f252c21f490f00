// The one thread that owns the coordinator's state: takes what has arrived, lets the core decide,
// commits all of it as one transaction, and only then answers.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/core/core.h"
#include "coordinator/store/store.h"

namespace tutti {

struct WriterOptions {
  CoreOptions core;
  // Requests taken into one transaction: more wait for the next, so that no batch holds the thread
  // for long.
  std::size_t max_batch = 1024;
  // How long the thread sleeps at most while nothing arrives.
  std::chrono::milliseconds idle_wait{1000};
};

// Where decisions that nobody asked for go. Called on the writer thread, after the commit; must not
// block.
class WriterListener {
 public:
  virtual ~WriterListener() = default;
  virtual void OnGrants(const std::vector<Grant>& grants) = 0;
  // The core was made anew from the store, because a commit failed: it knows no session any more.
  virtual void OnReset(const Error& why) = 0;
};

class Writer {
 public:
  // Runs on the writer thread. Whatever it appends to the changes is committed together with its
  // neighbours'.
  using Decide = std::function<void(Core&, Moment, Changes&)>;
  // Runs on the writer thread once the changes are durable, or with the reason why they are not.
  using Done = std::function<void(const Status&)>;

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

  // Thread-safe.
  void Post(Decide decide, Done done);

 private:
  struct Request {
    Decide decide;
    Done done;
  };

  void Run();
  std::deque<Request> TakeBatch();
  void Process(std::deque<Request> batch);
  void Reset(const Error& why);
  Moment Now() const { return {clock_.SteadyNow(), clock_.WallNow()}; }

  Store& store_;
  const Clock& clock_;
  const WriterOptions options_;
  WriterListener* listener_ = nullptr;
  std::unique_ptr<Core> core_;  // owned by the thread once it runs

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Request> inbox_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
