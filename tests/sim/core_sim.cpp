#include "tests/sim/core_sim.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

constexpr std::size_t kWorkers = 3;
constexpr std::size_t kTracksPerShard = 8;
constexpr int kMaxQuietSteps = 3000;
constexpr std::chrono::milliseconds kStep{1000};
constexpr std::chrono::milliseconds kLease{10'000};

std::vector<std::int64_t> Numbers(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 1; i <= count; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

CoreSim::CoreSim(const SimOptions& options)
    : options_(options),
      random_(options.seed),
      harness_({.lease = kLease,
                .tracks_per_shard = kTracksPerShard,
                .worker_lost_limit = options.worker_lost_limit}),
      manifest_(MakeManifest(40, {"blues", "rock"})) {
  // The last shard repeats contents of the first; some contents decode nowhere.
  for (std::size_t i = 36; i < 40; ++i) {
    manifest_.tracks[i].content_hash = manifest_.tracks[i - 36].content_hash;
  }
  for (const std::size_t track : {1, 9, 10, 20}) {
    undecodable_.insert(manifest_.tracks[track].content_hash);
  }
  for (std::size_t i = 0; i < kWorkers; ++i) {
    workers_.emplace_back("worker-" + std::to_string(i), static_cast<std::int32_t>(1 + i));
  }
  links_.resize(kWorkers);
}

bool CoreSim::Run() {
  for (int i = 0; i < options_.faulty_steps && !testing::Test::HasFailure(); ++i) {
    if (i % 80 == 0) SubmitSomething();
    Step(true);
  }
  strays_.clear();
  for (int i = 0; i < kMaxQuietSteps && !testing::Test::HasFailure(); ++i) {
    if (AllEnded()) return true;
    Step(false);
  }
  return AllEnded();
}

void CoreSim::Step(bool faults) {
  harness_.clock.Advance(kStep);
  if (faults) InjectFault();
  for (std::size_t i = 0; i < kWorkers; ++i) StepWorker(i, faults);
  if (!faults || Chance(random_, 0.8)) harness_.Expire();
  if (!faults || Chance(random_, 0.8)) Schedule();
}

// Two sweeps over the same shards, growing by seeds; each growth tries failed shards again.
void CoreSim::SubmitSomething() {
  ++seeds_submitted_;
  for (const std::string name : {"one", "two"}) {
    SweepSpec spec = MakeSweepSpec(name, {"cnn", "rnn"}, Numbers(2 * seeds_submitted_));
    spec.operational.max_attempts = options_.max_attempts;
    spec.operational.priority = static_cast<std::int64_t>(Pick(random_, 3));
    EXPECT_TRUE(IsOk(harness_.Submit(spec, manifest_)));
  }
}

void CoreSim::StepWorker(std::size_t index, bool faults) {
  SimWorker& worker = workers_[index];
  Link& link = links_[index];
  worker.Work(random_, faults);
  if (link.frozen_steps > 0) {
    --link.frozen_steps;  // its runners go on, nothing reaches it or leaves it
    return;
  }
  if (!worker.connected()) {
    if (faults && Chance(random_, 0.5)) return;
    worker.OpenSession();
  }
  if (!faults || Chance(random_, 0.7)) link.up.push_back(worker.MakeFrame(random_));
  while (!link.up.empty() && worker.connected() && (!faults || Chance(random_, 0.7))) {
    DeliverUp(index);
  }
  while (!link.down.empty() && (!faults || Chance(random_, 0.7))) {
    worker.Receive(link.down.front());
    link.down.pop_front();
  }
}

void CoreSim::DeliverUp(std::size_t index) {
  const WorkerFrame frame = std::move(links_[index].up.front());
  links_[index].up.pop_front();
  const Result<FrameOutcome> outcome = harness_.Frame(frame);
  if (!outcome.ok()) {
    if (outcome.error().code == ErrorCode::kInvalidArgument) {
      ++counts_.gaps;
    } else {
      EXPECT_EQ(outcome.error().code, ErrorCode::kAborted) << outcome.error().message;
      ++counts_.aborted_frames;
    }
    Break(index);
    return;
  }
  links_[index].down.push_back({outcome->acked, {}, {}});
  for (const Drop& drop : outcome->drops) {
    for (std::size_t i = 0; i < kWorkers; ++i) {
      if (workers_[i].id() == drop.worker) links_[i].down.push_back({{}, {drop}, {}});
    }
  }
}

// What was on its way is lost, but some of it may still come, late, when another session is open.
void CoreSim::Break(std::size_t index) {
  Link& link = links_[index];
  ++counts_.broken_streams;
  counts_.lost_replies += static_cast<int>(link.down.size());
  for (WorkerFrame& frame : link.up) strays_.push_back(std::move(frame));
  link.up.clear();
  link.down.clear();
  if (Chance(random_, 0.7)) harness_.Disconnect(workers_[index].id(), workers_[index].session());
  workers_[index].LoseSession();
}

void CoreSim::InjectFault() {
  const std::size_t index = Pick(random_, kWorkers);
  SimWorker& worker = workers_[index];
  if (Chance(random_, 0.06) && worker.connected()) Break(index);
  if (Chance(random_, 0.04)) links_[index].frozen_steps = 5 + static_cast<int>(Pick(random_, 25));
  if (Chance(random_, 0.01)) {
    if (worker.connected()) Break(index);
    worker.CrashDaemon(random_);
  }
  if (Chance(random_, 0.005)) {
    if (worker.connected()) Break(index);
    worker.LoseDisk();
  }
  if (Chance(random_, 0.03)) worker.LoseAnEvent(random_);
  if (Chance(random_, 0.01)) worker.ReturnAll();
  if (Chance(random_, 0.02)) RestartCoordinator();
  if (Chance(random_, 0.05)) SendStrayFrame();
  if (Chance(random_, 0.05)) SendForeignFrame();
}

void CoreSim::SendStrayFrame() {
  if (strays_.empty()) return;
  const WorkerFrame frame = std::move(strays_.front());
  strays_.pop_front();
  ++counts_.late_frames;
  const Result<FrameOutcome> outcome = harness_.Frame(frame);
  // It may be taken where no newer session is known yet; its answer reaches nobody.
  if (!outcome.ok() && outcome.error().code == ErrorCode::kAborted) ++counts_.aborted_frames;
}

// A worker speaks of an attempt that was granted to another: it must change nothing.
void CoreSim::SendForeignFrame() {
  const std::size_t index = Pick(random_, kWorkers);
  if (!workers_[index].connected() || harness_.stored.attempts.empty()) return;
  auto victim = harness_.stored.attempts.begin();
  std::advance(victim, static_cast<std::ptrdiff_t>(Pick(random_, harness_.stored.attempts.size())));
  if (victim->second.worker == workers_[index].id()) return;
  WorkerFrame frame = workers_[index].MakeFrame(random_);
  if (frame.hello) return;
  ++counts_.foreign_frames;
  const auto results = harness_.stored.times_accepted;
  const AttemptKey key{victim->second.job, victim->second.attempt};
  frame.events.clear();
  frame.events.push_back({key, victim->second.last_sequence + 1, UnixMillis{}, AttemptFinished{}});
  const Result<FrameOutcome> outcome = harness_.Frame(frame);
  if (outcome.ok()) {
    EXPECT_EQ(outcome->acked.size(), 1U);
  }
  EXPECT_EQ(harness_.stored.times_accepted, results);
}

// After a kill: what was committed stays, every stream breaks.
void CoreSim::RestartCoordinator() {
  ++counts_.restarts;
  for (std::size_t i = 0; i < kWorkers; ++i) {
    if (workers_[i].connected()) Break(i);
  }
  harness_.Restart();
}

void CoreSim::Schedule() {
  for (const Grant& grant : harness_.Schedule()) {
    for (std::size_t i = 0; i < kWorkers; ++i) {
      // A coordinator that has not yet seen the stream break sends into the void.
      if (workers_[i].id() != grant.worker || !workers_[i].connected()) continue;
      links_[i].down.push_back({{}, {}, {LeaseOf(grant.attempt)}});
    }
  }
}

SimLease CoreSim::LeaseOf(const AttemptKey& attempt) const {
  const JobRecord& job = harness_.Job(attempt.job);
  SimLease lease{attempt, job.kind, {}};
  if (job.kind != JobKind::kPreprocess) return lease;
  const Json config = Json::parse(job.config_json);
  auto track = config["first_track"].get<std::int64_t>();
  for (const Json& content : config["content_hashes"]) {
    const auto hash = content.get<std::string>();
    if (undecodable_.contains(hash)) lease.undecodable.push_back({track, hash, "no frames"});
    ++track;
  }
  return lease;
}

bool CoreSim::AllEnded() const {
  return std::ranges::all_of(harness_.stored.jobs, [](const auto& entry) {
    const JobPhase phase = entry.second.phase;
    return phase == JobPhase::kSucceeded || phase == JobPhase::kFailed;
  });
}

SimCounts CoreSim::Counts() const {
  SimCounts counts = counts_;
  for (const EventRecord& event : harness_.stored.events) {
    counts.superseded += event.kind == "attempt_superseded";
    counts.reclaimed += event.kind == "attempt_reclaimed";
  }
  return counts;
}

}  // namespace tutti
