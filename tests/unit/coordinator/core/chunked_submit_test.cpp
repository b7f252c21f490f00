// A submit that is more than one transaction: the same in the end, and nothing where it breaks off.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/core/submit.h"
#include "coordinator/core/undo_submit.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kAtOnce = 4;

std::vector<std::int64_t> Numbers(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 1; i <= count; ++i) numbers.push_back(i);
  return numbers;
}

// Runs of a program, over no dataset.
SweepSpec Commands(const std::string& name, std::int64_t runs) {
  SweepSpec spec;
  spec.name = name;
  spec.axes = {{"seed", {}}};
  for (const std::int64_t seed : Numbers(runs)) spec.axes[0].values.emplace_back(seed);
  spec.options = Json::parse(R"({"runner": {"command": ["true"]}, "seed": null})");
  return spec;
}

std::set<std::string> KeysOf(const CoreHarness& harness, SweepId sweep) {
  std::set<std::string> keys;
  for (const auto& [id, job] : harness.stored.jobs) {
    if (job.sweep == sweep && job.kind != JobKind::kPreprocess) keys.insert(job.key);
  }
  return keys;
}

class ChunkedSubmit : public testing::Test {
 protected:
  // Its first part.
  SubmitReport Begin(const SweepSpec& spec, std::size_t at_once = kAtOnce) {
    const auto report =
        harness_.Submit(spec, manifest_, SubmitMode::kApply, /*prune=*/false, at_once);
    EXPECT_TRUE(IsOk(report));
    EXPECT_TRUE(report->is_unfinished);
    return *report;
  }
  SubmitReport GoOn(SweepId sweep) {
    const auto report = harness_.ContinueSubmit(sweep, kAtOnce);
    EXPECT_TRUE(IsOk(report));
    return *report;
  }
  SubmitReport Whole(const SweepSpec& spec) {
    SubmitReport report = Begin(spec);
    while (report.is_unfinished) report = GoOn(report.sweep);
    return report;
  }
  bool IsBeingUndone() { return harness_.core().NextDeadline() == SteadyTime{}; }
  const SweepRecord& Sweep(SweepId id) { return harness_.stored.sweeps.at(id); }

  const Manifest manifest_ = MakeManifest(40, {"blues", "rock"});
  CoreHarness harness_{{.tracks_per_shard = 16}};
};

TEST_F(ChunkedSubmit, MakesTheSameRowsAsOneTransaction) {
  const SweepSpec spec = MakeSweepSpec("base", {"cnn", "rnn"}, Numbers(9));
  CoreHarness other({.tracks_per_shard = 16});
  const auto expected = other.Submit(spec, manifest_);
  ASSERT_TRUE(IsOk(expected));
  const SubmitReport report = Whole(spec);
  EXPECT_EQ(report.created, expected->created);
  EXPECT_EQ(report.runs_added, expected->runs_added);
  EXPECT_EQ(report.preprocess_jobs_added, expected->preprocess_jobs_added);
  EXPECT_EQ(harness_.stored.jobs, other.stored.jobs);
  EXPECT_EQ(harness_.stored.sweeps, other.stored.sweeps);
  EXPECT_EQ(harness_.stored.feature_sets, other.stored.feature_sets);
  EXPECT_EQ(harness_.stored.EventKinds(), other.stored.EventKinds());
}

TEST_F(ChunkedSubmit, NoPartIsLargerThanWasAskedFor) {
  SubmitReport report = Begin(Commands("base", 10));
  std::size_t before = 0;
  std::vector<std::size_t> parts;
  while (true) {
    parts.push_back(harness_.stored.jobs.size() - before);
    before = harness_.stored.jobs.size();
    if (!report.is_unfinished) break;
    report = GoOn(report.sweep);
  }
  EXPECT_THAT(parts, ElementsAre(4, 4, 2));
}

TEST_F(ChunkedSubmit, NothingOfTheSweepIsLeasedBeforeTheLastRunIsThere) {
  ScriptedWorker worker(harness_, "a", 8, {JobKind::kCommand, JobKind::kPreprocess});
  worker.Connect();
  SubmitReport report = Begin(Commands("base", 10));
  while (report.is_unfinished) {
    EXPECT_EQ(Sweep(report.sweep).state, SweepState::kExpanding);
    EXPECT_THAT(harness_.Schedule(), IsEmpty());
    report = GoOn(report.sweep);
  }
  EXPECT_EQ(Sweep(report.sweep).state, SweepState::kActive);
  EXPECT_EQ(harness_.Schedule().size(), 8U);

  report = Begin(MakeSweepSpec("music", {"cnn"}, Numbers(10)));
  EXPECT_THAT(harness_.Schedule(), IsEmpty()) << "nor its shards";
}

TEST_F(ChunkedSubmit, NobodyElseChangesTheSweepMeanwhile) {
  const SubmitReport report = Begin(Commands("base", 10));
  EXPECT_TRUE(FailsWith(harness_.Submit(Commands("base", 11), manifest_), ErrorCode::kUnavailable,
                        "the runs of a submit are still being added"));
  EXPECT_TRUE(FailsWith(harness_.Change("base", PauseSweep{}), ErrorCode::kUnavailable, "base"));
  EXPECT_TRUE(FailsWith(harness_.CancelJob({1}), ErrorCode::kUnavailable, "base"));
  EXPECT_TRUE(IsOk(harness_.Submit(Commands("other", 2), manifest_)));
  while (GoOn(report.sweep).is_unfinished) {
  }
  EXPECT_TRUE(IsOk(harness_.Change("base", PauseSweep{})));
}

TEST_F(ChunkedSubmit, OneThatBrokeOffIsUndoneAndTheSameAgainIsAsIfThereHadBeenNone) {
  const SweepSpec spec = MakeSweepSpec("base", {"cnn"}, Numbers(10));
  const SubmitReport broken = Begin(spec);
  GoOn(broken.sweep);
  ASSERT_FALSE(KeysOf(harness_, broken.sweep).empty());
  harness_.Restart();
  EXPECT_TRUE(IsBeingUndone());
  EXPECT_TRUE(FailsWith(harness_.ContinueSubmit(broken.sweep, kAtOnce), ErrorCode::kUnavailable,
                        "broke off"));
  EXPECT_TRUE(
      FailsWith(harness_.Submit(spec, manifest_), ErrorCode::kUnavailable, "is being undone"));
  harness_.UndoSubmits();
  EXPECT_FALSE(IsBeingUndone());
  EXPECT_THAT(KeysOf(harness_, broken.sweep), IsEmpty());
  EXPECT_EQ(Sweep(broken.sweep).state, SweepState::kDeleted);
  EXPECT_THAT(harness_.JobsIn(JobPhase::kReady), IsEmpty()) << "a shard that nobody awaits";

  const SubmitReport again = Whole(spec);
  EXPECT_TRUE(again.created);
  EXPECT_EQ(again.runs_added, 10);
  EXPECT_EQ(again.runs_already_there, 0);
  EXPECT_EQ(KeysOf(harness_, again.sweep).size(), 10U);
  EXPECT_EQ(Sweep(again.sweep).name, "base");
  EXPECT_EQ(harness_.JobsIn(JobPhase::kReady).size(), 3U) << "its shards are wanted again";
}

TEST_F(ChunkedSubmit, ManyRunsAreUndoneSomeAtATime) {
  const SubmitReport broken = Begin(Commands("base", 2'500), 2'400);
  harness_.Restart();
  std::vector<std::size_t> left;
  while (IsBeingUndone()) {
    harness_.UndoSubmits();
    left.push_back(KeysOf(harness_, broken.sweep).size());
  }
  EXPECT_THAT(left, ElementsAre(1'400, 400, 0));
  harness_.Restart();
  EXPECT_FALSE(IsBeingUndone());
}

TEST_F(ChunkedSubmit, ARestartWhileOneIsUndoneGoesOnWithIt) {
  const SubmitReport broken = Begin(Commands("base", 2'500), 2'400);
  harness_.Restart();
  harness_.UndoSubmits();
  harness_.Restart();
  EXPECT_EQ(Sweep(broken.sweep).state, SweepState::kExpanding);
  while (IsBeingUndone()) harness_.UndoSubmits();
  EXPECT_THAT(KeysOf(harness_, broken.sweep), IsEmpty());
}

TEST_F(ChunkedSubmit, MoreRunsThatBrokeOffLeaveTheSweepAsItWas) {
  const auto first = harness_.Submit(Commands("base", 3), manifest_);
  ASSERT_TRUE(IsOk(first));
  ASSERT_TRUE(IsOk(harness_.Change("base", PauseSweep{})));
  const SweepRecord before = Sweep(first->sweep);
  const std::set<std::string> keys = KeysOf(harness_, first->sweep);

  SweepSpec more = Commands("base", 12);
  more.operational.priority = 7;
  EXPECT_EQ(Begin(more).sweep, first->sweep);
  EXPECT_GT(KeysOf(harness_, first->sweep).size(), keys.size());
  harness_.Restart();
  harness_.UndoSubmits();
  EXPECT_EQ(Sweep(first->sweep), before);
  EXPECT_EQ(KeysOf(harness_, first->sweep), keys);

  const SubmitReport again = Whole(more);
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.runs_added, 9);
  EXPECT_EQ(again.runs_already_there, 3);
  EXPECT_EQ(Sweep(again.sweep).state, SweepState::kPaused);
  EXPECT_EQ(Sweep(again.sweep).priority, 7);
}

TEST_F(ChunkedSubmit, WhatRunsOfTheSweepAlreadyEndsWhileMoreIsAdded) {
  ASSERT_TRUE(IsOk(harness_.Submit(Commands("base", 1), manifest_)));
  ScriptedWorker worker(harness_, "a", 1, {JobKind::kCommand});
  worker.Connect();
  worker.Take(harness_.Schedule());
  worker.Start({{1}, 1});
  const SubmitReport report = Begin(Commands("base", 10));
  worker.Finish({{1}, 1});
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kSucceeded);
  harness_.Restart();
  harness_.UndoSubmits();
  EXPECT_EQ(harness_.Job({1}).phase, JobPhase::kSucceeded);
  EXPECT_EQ(KeysOf(harness_, report.sweep).size(), 1U);
}

TEST_F(ChunkedSubmit, AShardThatFailsBetweenTwoPartsIsTriedAgain) {
  ASSERT_TRUE(IsOk(harness_.Submit(MakeSweepSpec("one", {"cnn"}, {1}), manifest_)));
  ScriptedWorker worker(harness_, "a", 1);
  worker.Connect();
  worker.Take(harness_.Schedule());
  const AttemptKey shard = worker.held().at(0);
  worker.Start(shard);
  SubmitReport report = Begin(MakeSweepSpec("two", {"cnn"}, Numbers(12)));
  worker.Break(shard, FailureClass::kBadData);
  ASSERT_EQ(harness_.Job(shard.job).phase, JobPhase::kFailed);
  while (report.is_unfinished) report = GoOn(report.sweep);
  EXPECT_EQ(harness_.Job(shard.job).phase, JobPhase::kReady);
  EXPECT_EQ(harness_.JobsIn(JobPhase::kBlocked).size(), 13U);
}

TEST_F(ChunkedSubmit, AShardThatAnotherSweepAwaitsOutlivesTheUndoing) {
  const SubmitReport broken = Begin(MakeSweepSpec("one", {"cnn"}, Numbers(12)));
  ASSERT_TRUE(IsOk(harness_.Submit(MakeSweepSpec("two", {"cnn"}, {1}), manifest_)));
  harness_.Restart();
  harness_.UndoSubmits();
  EXPECT_THAT(KeysOf(harness_, broken.sweep), IsEmpty());
  EXPECT_EQ(harness_.JobsIn(JobPhase::kReady).size(), 3U);
  ScriptedWorker worker(harness_, "a", 4);
  worker.Connect();
  EXPECT_EQ(harness_.Schedule().size(), 3U);
}

}  // namespace
}  // namespace tutti
