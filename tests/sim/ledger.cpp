#include "tests/sim/ledger.h"

#include <algorithm>
#include <variant>

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/sim/store_difference.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

std::string NameOf(JobId job, AttemptNumber attempt) {
  return "job " + std::to_string(job.value) + " attempt " + std::to_string(attempt);
}

// Metrics and checkpoint of a training; the shard of a preprocess job.
std::pair<double, std::string> ExpectedResult(JobKind kind, const std::string& identity) {
  if (kind == JobKind::kPreprocess) return {1.0, Sha256Hex(ShardBytes(identity))};
  const SimResult result = UndisturbedResult(identity);
  return {result.f1_macro, Sha256Hex(result.weights)};
}

}  // namespace

Ledger::Ledger(Story& story, bool whole_curves) : story_(story), whole_curves_(whole_curves) {}

void Ledger::Committed(const Changes& changes) {
  EXPECT_TRUE(IsOk(shadow_.Commit(changes)));
  history_.push_back(changes);
  limbo_.clear();
  for (const Change& change : changes) {
    std::visit([&](const auto& row) { Take(row); }, change);
  }
  for (const auto& [job, attempts] : live_) {
    EXPECT_LE(attempts.size(), 1U) << "job " << job.value << " has two live leases";
  }
}

void Ledger::CommitFailed(const Changes& changes) {
  story_.Tell(Trouble::kCommitFailed);
  limbo_.push_back(changes);
}

void Ledger::CheckStore(Store& store) {
  std::string difference = FirstDifference(store, shadow_);
  // Then one of those whose failure was told is in the log all the same, and was found there by the
  // next start: nobody was promised that it is not.
  for (const Changes& changes : std::vector(limbo_)) {
    if (difference.empty()) break;
    MemoryStore other;
    for (const Changes& earlier : history_) EXPECT_TRUE(IsOk(other.Commit(earlier)));
    EXPECT_TRUE(IsOk(other.Commit(changes)));
    if (!FirstDifference(store, other).empty()) continue;
    story_.Tell("a commit that had failed is there");
    Committed(changes);
    difference.clear();
  }
  EXPECT_EQ(difference, "") << "the store is not what was committed";
}

void Ledger::SawLease(const v1::Lease& lease) {
  const JobId job{lease.attempt().job_id()};
  const std::string identity = IdentityOf(lease);
  Expected& expected = expected_[job];
  if (expected.identity.empty()) {
    expected.identity = identity;
    SimTraining training = BeginTraining(identity);
    while (training.epoch < kSimEpochs) {
      training = AfterNextEpoch(training);
      expected.epochs.push_back(training);
    }
  }
  EXPECT_EQ(expected.identity, identity)
      << "job " << job.value << ": two attempts were told different things to do";
}

void Ledger::Said(const v1::AttemptEvent& event) {
  const AttemptId attempt = ToAttemptId(event.attempt());
  if (event.has_finished()) finished_[attempt] = event.sequence();
  // A daemon that lost its spool's end says something else under the same number.
  if (event.has_broke()) finished_.erase(attempt);
}

// The worker forgets the result now: it must be in the store, unless nobody wants it.
void Ledger::Acknowledged(const AttemptId& attempt, std::int64_t sequence) {
  const auto said = finished_.find(attempt);
  if (said == finished_.end() || sequence < said->second) return;
  const JobId job{attempt.job};
  const bool unwanted = cancelled_.contains(job) || !jobs_.contains(job);
  EXPECT_TRUE(unwanted || results_.contains(job))
      << NameOf(job, attempt.attempt)
      << ": its result was acknowledged, and none of the job is stored";
}

void Ledger::SubmitAcknowledged(const std::string& sweep, std::int64_t runs) {
  const auto found = sweeps_.find(sweep);
  ASSERT_TRUE(found != sweeps_.end()) << "sweep " << sweep << " was acknowledged, not stored";
  const auto stored = std::ranges::count_if(jobs_, [&](const auto& entry) {
    return entry.second.sweep == found->second && entry.second.kind == JobKind::kTrain;
  });
  EXPECT_GE(stored, runs) << "sweep " << sweep;
}

void Ledger::Take(const PutSweep& put) {
  std::erase_if(sweeps_, [&](const auto& entry) { return entry.second == put.row.id; });
  if (put.row.state != SweepState::kDeleted) sweeps_[put.row.name] = put.row.id;
}

void Ledger::Take(const PutJob& put) {
  jobs_[put.row.id] = put.row;
}

void Ledger::Take(const UpdateJob& put) {
  const auto job = jobs_.find(put.id);
  ASSERT_TRUE(job != jobs_.end()) << "job " << put.id.value << " is not there";
  EXPECT_EQ(put.sweep, job->second.sweep) << "job " << put.id.value;
  const bool had_ended = job->second.phase == JobPhase::kSucceeded;
  EXPECT_TRUE(!had_ended || put.phase == JobPhase::kSucceeded)
      << "job " << put.id.value << " has its result and is taken up again";
  job->second.phase = put.phase;
  job->second.last_attempt = put.last_attempt;
  job->second.message = put.message;
  if (put.phase == JobPhase::kCancelled) cancelled_.insert(put.id);
}

void Ledger::Take(const RemoveRun& put) {
  EXPECT_EQ(put.sweep, jobs_[put.id].sweep) << "job " << put.id.value;
  jobs_.erase(put.id);
  results_.erase(put.id);
  live_.erase(put.id);
}

void Ledger::Take(const PutAttempt& put) {
  const bool live =
      put.row.outcome == AttemptOutcome::kLeased || put.row.outcome == AttemptOutcome::kRunning;
  if (live) {
    live_[put.row.job].insert(put.row.attempt);
  } else {
    live_[put.row.job].erase(put.row.attempt);
  }
}

void Ledger::Take(const PutResult& put) {
  const ResultRecord& row = put.row;
  const std::string name = NameOf(row.job, row.attempt);
  const auto job = jobs_.find(row.job);
  ASSERT_TRUE(job != jobs_.end()) << name << ": a result of a job that nobody asked for";
  EXPECT_TRUE(results_.emplace(row.job, row).second) << name << ": a second result";
  const auto expected = expected_.find(row.job);
  ASSERT_TRUE(expected != expected_.end()) << name << ": nobody was told to do it";
  const auto [metric, hash] = ExpectedResult(job->second.kind, expected->second.identity);
  EXPECT_TRUE(row.metrics.contains("f1_macro") && row.metrics.at("f1_macro") == metric)
      << name << ": other numbers than those of an undisturbed run";
  ASSERT_EQ(row.artifacts.size(), 1U) << name;
  EXPECT_EQ(row.artifacts[0].blob_hash, hash) << name << ": other weights";
  const bool was_lost = lost_.contains({row.job, row.attempt});
  if (whole_curves_ && !was_lost && job->second.kind == JobKind::kTrain) {
    EXPECT_TRUE(HasWholeCurve(row.job, row.attempt)) << name << ": epochs are missing";
  }
  if (row.attempt < job->second.last_attempt) story_.Tell(Trouble::kLateResult, name);
}

bool Ledger::HasWholeCurve(JobId job, AttemptNumber attempt) const {
  const auto count = std::distance(epochs_.lower_bound({job, attempt, 0}),
                                   epochs_.lower_bound({job, attempt + 1, 0}));
  return count == kSimEpochs;
}

void Ledger::Take(const PutEpoch& put) {
  const EpochRecord& row = put.row;
  const std::string name = NameOf(row.job, row.attempt) + " epoch " + std::to_string(row.epoch);
  EXPECT_TRUE(epochs_.emplace(row.job, row.attempt, row.epoch).second) << name << ": applied twice";
  const auto& epochs = expected_[row.job].epochs;
  ASSERT_TRUE(row.epoch >= 1 && row.epoch <= static_cast<std::int32_t>(epochs.size())) << name;
  EXPECT_EQ(row.train_loss, ResultOf(epochs[static_cast<std::size_t>(row.epoch - 1)]).f1_macro)
      << name << ": other numbers than those of an undisturbed run";
}

void Ledger::Take(const PutLog& put) {
  EXPECT_TRUE(logs_.emplace(put.row.job, put.row.attempt, put.row.first).second)
      << NameOf(put.row.job, put.row.attempt) << ": log lines applied twice";
}

void Ledger::Take(const PutUndecodable&) {
  ++undecodable_;
}

void Ledger::Take(const AppendEvent& put) {
  const std::string name = NameOf(put.row.job.value_or(JobId{}), put.row.attempt);
  story_.Tell(put.row.kind + " " + name + " " + put.row.detail);
  const AttemptKey key{put.row.job.value_or(JobId{}), put.row.attempt};
  if (put.row.kind == "submit_undone") story_.Tell(Trouble::kSubmitUndone, put.row.detail);
  if (put.row.kind == "attempt_lost") lost_.insert(key);
  if (put.row.kind == "attempt_reclaimed") lost_.erase(key);
  if (put.row.kind == "attempt_lost") story_.Tell(Trouble::kAttemptLost, name);
  if (put.row.kind == "attempt_reclaimed") story_.Tell(Trouble::kAttemptReclaimed, name);
  if (put.row.kind == "attempt_superseded") story_.Tell(Trouble::kAttemptSuperseded, name);
  if (put.row.kind == "attempt_returned") story_.Tell(Trouble::kAttemptReturned, name);
  if (put.row.kind == "attempt_cancelled") story_.Tell(Trouble::kAttemptCancelled, name);
}

}  // namespace tutti
