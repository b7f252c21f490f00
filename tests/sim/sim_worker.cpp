#include "tests/sim/sim_worker.h"

#include <algorithm>
#include <utility>

#include "common/hash.h"

namespace tutti {
namespace {

constexpr std::size_t kMaxEventsPerFrame = 4;
constexpr int kPreprocessSteps = 6;
constexpr int kTrainSteps = 12;

}  // namespace

bool Chance(SimRandom& random, double probability) {
  return static_cast<double>(random() >> 11) * 0x1p-53 < probability;
}

std::size_t Pick(SimRandom& random, std::size_t below) {
  return static_cast<std::size_t>(random() % below);
}

WorkerFrame SimWorker::MakeFrame(SimRandom& random) {
  WorkerFrame frame;
  frame.worker = id_;
  frame.session = session_;
  if (!said_hello_) {
    frame.hello = WorkerHello{id_.value, "host", "1",
                              slots_,    slots_, {JobKind::kPreprocess, JobKind::kTrain}};
    said_hello_ = true;
  }
  frame.free_slots = slots_;
  for (const auto& [key, attempt] : attempts_) {
    frame.held.push_back(key);
    frame.free_slots -= !attempt.ended;
  }
  // Attempts take turns at being first, so that none starves behind a long spool.
  const std::size_t offset = attempts_.empty() ? 0 : Pick(random, attempts_.size());
  for (std::size_t i = 0; i < attempts_.size(); ++i) {
    const auto at =
        std::next(attempts_.begin(), static_cast<std::ptrdiff_t>((i + offset) % attempts_.size()));
    for (const AttemptEvent& event : at->second.spool) {
      if (frame.events.size() < kMaxEventsPerFrame) frame.events.push_back(event);
    }
  }
  return frame;
}

void SimWorker::Receive(const SimReply& reply) {
  for (const Acknowledgement& ack : reply.acked) {
    const auto found = attempts_.find(ack.attempt);
    if (found == attempts_.end()) continue;
    auto& spool = found->second.spool;
    while (!spool.empty() && spool.front().sequence <= ack.sequence) spool.pop_front();
    if (found->second.ended && spool.empty()) attempts_.erase(found);
  }
  for (const Drop& drop : reply.drops) attempts_.erase(drop.attempt);
  for (const SimLease& lease : reply.leases) {
    Attempt& attempt = attempts_[lease.attempt];
    attempt.lease = lease;
    attempt.steps_left = lease.kind == JobKind::kTrain ? kTrainSteps : kPreprocessSteps;
  }
}

void SimWorker::Say(Attempt& attempt, decltype(AttemptEvent::payload) payload) {
  attempt.spool.push_back(
      {attempt.lease.attempt, ++attempt.last_sequence, UnixMillis{}, std::move(payload)});
}

void SimWorker::End(Attempt& attempt, decltype(AttemptEvent::payload) payload) {
  Say(attempt, std::move(payload));
  attempt.ended = true;
}

void SimWorker::Work(SimRandom& random, bool faults) {
  for (auto& [key, attempt] : attempts_) {
    if (attempt.ended) continue;
    if (!attempt.started) {
      attempt.started = true;
      Say(attempt, AttemptStarted{});
      continue;
    }
    if (faults && Chance(random, 0.02)) {
      constexpr FailureClass kClasses[] = {FailureClass::kCrashed, FailureClass::kOutOfMemory,
                                           FailureClass::kTimedOut, FailureClass::kPreempted};
      AttemptBroke broke;
      broke.failure = kClasses[Pick(random, std::size(kClasses))];
      End(attempt, std::move(broke));
      continue;
    }
    if (--attempt.steps_left > 0) {
      AttemptEpoch epoch;
      epoch.point.epoch = kTrainSteps - attempt.steps_left;
      Say(attempt, std::move(epoch));
      continue;
    }
    AttemptFinished result;
    result.metrics = {{"f1_macro", 0.5}};
    if (attempt.lease.kind == JobKind::kPreprocess) {
      result.artifacts = {{"shard", Sha256Hex("shard"), 1}};
      result.track_errors = attempt.lease.undecodable;
    }
    End(attempt, std::move(result));
  }
}

void SimWorker::CrashDaemon(SimRandom& random) {
  for (auto at = attempts_.begin(); at != attempts_.end();) {
    Attempt& attempt = at->second;
    if (!attempt.ended && Chance(random, 0.5)) {
      at = attempts_.erase(at);  // it has no memory of it
      continue;
    }
    if (!attempt.ended) {
      AttemptBroke broke;
      broke.failure = FailureClass::kWorkerLost;
      End(attempt, std::move(broke));
    }
    ++at;
  }
  connected_ = false;
}

void SimWorker::LoseAnEvent(SimRandom& random) {
  if (attempts_.empty()) return;
  auto& spool =
      std::next(attempts_.begin(), static_cast<std::ptrdiff_t>(Pick(random, attempts_.size())))
          ->second.spool;
  if (spool.size() > 1) spool.pop_front();
}

void SimWorker::ReturnAll() {
  for (auto& [key, attempt] : attempts_) {
    if (!attempt.ended) End(attempt, AttemptReturned{"draining", attempt.started});
  }
}

}  // namespace tutti
