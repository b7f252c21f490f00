// A worker as the core sees it: runners that make progress by steps, a spool of events that are not
// yet acknowledged, sessions that break. Everything random comes from the caller's generator.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "coordinator/core/core.h"

namespace tutti {

using SimRandom = std::mt19937_64;

// True with this probability.
bool Chance(SimRandom& random, double probability);
// 0 .. below - 1.
std::size_t Pick(SimRandom& random, std::size_t below);

// What a lease message holds, as far as a simulated runner needs it.
struct SimLease {
  AttemptKey attempt;
  JobKind kind = JobKind::kTrain;
  std::vector<TrackVerdict> undecodable;  // what decoding its tracks would find
};

// One message of the coordinator to a worker.
struct SimReply {
  std::vector<Acknowledgement> acked;
  std::vector<Drop> drops;
  std::vector<SimLease> leases;
};

class SimWorker {
 public:
  SimWorker(std::string name, std::int32_t slots) : id_{std::move(name)}, slots_(slots) {}

  // A new session begins; its first frame is the next one.
  void OpenSession() { ++session_, said_hello_ = false, connected_ = true; }
  void LoseSession() { connected_ = false; }

  WorkerFrame MakeFrame(SimRandom& random);
  void Receive(const SimReply& reply);
  // Runners go on: start, tell progress, end. `faults`: some break.
  void Work(SimRandom& random, bool faults);

  // The daemon restarts: its runners are gone, its spool is on disk.
  void CrashDaemon(SimRandom& random);
  // The machine comes back with an empty folder for spools.
  void LoseDisk() { attempts_.clear(); }
  // A hole in a spool.
  void LoseAnEvent(SimRandom& random);
  // Gives everything that runs back.
  void ReturnAll();

  const WorkerId& id() const { return id_; }
  std::int64_t session() const { return session_; }
  bool connected() const { return connected_; }
  bool idle() const { return attempts_.empty(); }

 private:
  struct Attempt {
    SimLease lease;
    std::deque<AttemptEvent> spool;
    std::int64_t last_sequence = 0;
    int steps_left = 0;
    bool started = false;
    bool ended = false;
  };
  void Say(Attempt& attempt, decltype(AttemptEvent::payload) payload);
  void End(Attempt& attempt, decltype(AttemptEvent::payload) payload);

  WorkerId id_;
  std::int32_t slots_;
  std::int64_t session_ = 0;
  bool said_hello_ = false;
  bool connected_ = false;
  std::map<AttemptKey, Attempt> attempts_;
};

}  // namespace tutti
