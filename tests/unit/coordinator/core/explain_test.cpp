// Every answer to "why does it not run" and "why did it fail".
#include "coordinator/core/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

using Reason = Explanation::Reason;
using Advice = Explanation::Advice;

auto Because(const std::string& code, const std::string& text) {
  return AllOf(Field(&Reason::code, code), Field(&Reason::text, HasSubstr(text)));
}
auto ToType(const std::string& command) {
  return Field(&Advice::command, command);
}

JobSituation Ready() {
  JobSituation job;
  job.id = JobId{12};
  job.kind = JobKind::kTrain;
  job.phase = JobPhase::kReady;
  job.sweep = "base";
  return job;
}

WorkerFit Fit(const std::string& name, Obstacle obstacle, const std::string& detail = "") {
  return {WorkerId{"id of " + name}, name, obstacle, detail, {}};
}

Explanation WaitingWith(const std::vector<WorkerFit>& workers, JobSituation job = Ready()) {
  job.workers = workers;
  return Explain(job, {}, nullptr);
}

TEST(ExplainWaiting, NoWorkerHasEverConnected) {
  const Explanation e = WaitingWith({});
  EXPECT_EQ(e.summary, "job 12 (train, sweep base) waits for a worker");
  EXPECT_THAT(e.reasons, ElementsAre(Because("no_worker", "no worker has ever connected")));
  EXPECT_THAT(e.advice, Contains(ToType("tutti-worker --profile STATE/worker.json --dir DIR")));
}

TEST(ExplainWaiting, NoWorkerIsConnected) {
  const Explanation e = WaitingWith({Fit("gpu1", Obstacle::kAway), Fit("gpu2", Obstacle::kAway)});
  EXPECT_THAT(e.reasons, ElementsAre(Because("no_worker_connected", "known are gpu1, gpu2")));
}

TEST(ExplainWaiting, TheSweepIsPaused) {
  JobSituation job = Ready();
  job.sweep_state = SweepState::kPaused;
  const Explanation e = WaitingWith({Fit("gpu1", Obstacle::kNone)}, job);
  EXPECT_THAT(e.reasons, ElementsAre(Because("sweep_paused", "sweep base is paused")));
  EXPECT_THAT(e.advice, ElementsAre(ToType("tutti resume base")));
}

TEST(ExplainWaiting, NoWorkerHasARunnerOfTheKind) {
  const Explanation e = WaitingWith({Fit("gpu1", Obstacle::kKind)});
  EXPECT_THAT(e.reasons,
              ElementsAre(Because("no_runner_of_kind", "gpu1 cannot do jobs of kind train")));
}

TEST(ExplainWaiting, NoWorkerMayRunForeignPrograms) {
  JobSituation job = Ready();
  job.kind = JobKind::kCommand;
  const Explanation e = WaitingWith({Fit("gpu1", Obstacle::kKind)}, job);
  EXPECT_THAT(e.reasons, ElementsAre(Because("command_not_allowed", "--allow-command")));
  EXPECT_THAT(e.advice, Contains(Field(&Advice::command, HasSubstr("--allow-command"))));
}

TEST(ExplainWaiting, NoWorkerCanOpenTheDatasetsFolder) {
  JobSituation job = Ready();
  job.kind = JobKind::kPreprocess;
  job.data_root = "/data/gtzan";
  const Explanation e = WaitingWith({Fit("gpu1", Obstacle::kDataRoot)}, job);
  EXPECT_THAT(e.reasons, ElementsAre(Because("no_data_root", "gpu1 cannot open /data/gtzan")));
  EXPECT_THAT(e.advice,
              Contains(Field(&Advice::command, HasSubstr("--data-root /data/gtzan=DIR"))));
}

TEST(ExplainWaiting, APrecisionThatNeedsAGpu) {
  const Explanation e = WaitingWith({Fit("cpu1", Obstacle::kNoGpu)});
  EXPECT_THAT(e.reasons, ElementsAre(Because("no_gpu", "cpu1 has no GPU")));
  EXPECT_THAT(e.advice, Contains(Field(&Advice::text, HasSubstr("precision: float32"))));
}

TEST(ExplainWaiting, WorkersAreDrainedEndingSetAsideOrOnTrial) {
  const Explanation e =
      WaitingWith({Fit("gpu1", Obstacle::kDrained), Fit("gpu2", Obstacle::kEnding),
                   Fit("gpu3", Obstacle::kSetAside, "job 3 crashed: no driver"),
                   Fit("gpu4", Obstacle::kOnTrial, "job 4 timed_out: slow")});
  EXPECT_THAT(
      e.reasons,
      ElementsAre(Because("worker_drained", "gpu1"), Because("worker_ending", "gpu2"),
                  Because("worker_set_aside", "gpu3: job 3 crashed: no driver; gpu4: job 4")));
  EXPECT_THAT(e.advice, Contains(ToType("tutti undrain gpu1")));
}

TEST(ExplainWaiting, AllGpusThatAreLeftAreTaken) {
  const Explanation e =
      WaitingWith({Fit("gpu1", Obstacle::kGpusSetAside, "cuda:1: job 3 crashed: ECC error")});
  EXPECT_THAT(e.reasons, ElementsAre(Because("gpu_set_aside", "cuda:1: job 3 crashed")));
}

TEST(ExplainWaiting, AnotherWorkerIsToTakeItFirst) {
  const Explanation e =
      WaitingWith({Fit("gpu1", Obstacle::kElsewhereFirst), Fit("gpu2", Obstacle::kNoFreeSlot)});
  EXPECT_THAT(e.reasons, ElementsAre(Because("other_worker_first", "gpu1 leaves it"),
                                     Because("no_free_slot", "every slot of gpu2 is taken")));
}

TEST(ExplainWaiting, EverySlotIsTakenAndJobsGoBefore) {
  JobSituation job = Ready();
  job.ready_before = 7;
  const Explanation e = WaitingWith({Fit("gpu1", Obstacle::kNoFreeSlot)}, job);
  EXPECT_THAT(e.reasons, ElementsAre(Because("no_free_slot", "7 jobs of sweep base go before it")));
}

TEST(ExplainWaiting, SweepsOfHigherPriorityGoFirst) {
  JobSituation job = Ready();
  job.higher_sweep = "urgent";
  job.higher_priority = 5;
  job.higher_ready = 30;
  const Explanation e = WaitingWith({Fit("gpu1", Obstacle::kNoFreeSlot)}, job);
  EXPECT_THAT(e.reasons, Contains(Because("priority",
                                          "30 jobs of sweeps with higher priority go "
                                          "first (urgent has 5, base has 0)")));
  EXPECT_THAT(e.advice, Contains(ToType("tutti priority base 6")));
}

TEST(ExplainWaiting, AFreeSlotIsAboutToTakeIt) {
  const Explanation e = WaitingWith({Fit("gpu1", Obstacle::kNone)});
  EXPECT_THAT(e.reasons, ElementsAre(Because("about_to_start", "gpu1 has a free slot")));
}

TEST(ExplainWaiting, ManyWorkersAreNotAllNamed) {
  std::vector<WorkerFit> workers;
  for (int i = 1; i <= 9; ++i) workers.push_back(Fit("w" + std::to_string(i), Obstacle::kKind));
  EXPECT_THAT(WaitingWith(workers).reasons,
              ElementsAre(Because("no_runner_of_kind", "w1, w2, w3, w4, w5 and 4 more")));
}

TEST(ExplainWaiting, WhatEarlierAttemptsCameToIsTold) {
  JobSituation job = Ready();
  job.workers = {Fit("gpu1", Obstacle::kNone)};
  JobHistory history;
  AttemptRecord attempt;
  attempt.attempt = 1;
  attempt.worker = WorkerId{"w"};
  attempt.failure = FailureClass::kCrashed;
  attempt.message = "it broke";
  attempt.signal = 11;
  history.attempts = {attempt};
  history.worker_names = {{WorkerId{"w"}, "gpu1"}};
  EXPECT_THAT(Explain(job, history, nullptr).reasons,
              Contains(Because("earlier_attempt",
                               "attempt 1 on worker gpu1 ended as crashed (signal 11): it broke")));
}

TEST(ExplainBlocked, ItWaitsForShardsAndWhatHoldsThemUpIsTold) {
  JobSituation run = Ready();
  run.phase = JobPhase::kBlocked;
  run.shards = 8;
  run.shards_to_come = 5;
  JobSituation shard = Ready();
  shard.id = JobId{3};
  shard.kind = JobKind::kPreprocess;
  const Explanation of_shard = Explain(shard, {}, nullptr);
  const Explanation e = Explain(run, {}, &of_shard);
  EXPECT_EQ(e.summary, "job 12 (train, sweep base) waits for features");
  EXPECT_THAT(e.reasons,
              ElementsAre(Because("waits_for_shards", "5 of its 8 shards"),
                          Because("shard", "job 3 (preprocess, sweep base) waits for a worker"),
                          Because("no_worker", "no worker")));
}

// What a failed job's history holds.
class ExplainFailed : public testing::Test {
 protected:
  Explanation Of(FailureClass failure, const std::string& message,
                 const Explanation* shard = nullptr) {
    JobSituation job = Ready();
    job.phase = JobPhase::kFailed;
    job.failed_shard = JobId{3};
    AttemptRecord attempt;
    attempt.attempt = 4;
    attempt.worker = WorkerId{"w"};
    attempt.device = "cuda:1";
    attempt.failure = failure;
    attempt.exit_code = exit_code_;
    history_.failure = failure;
    history_.message = message;
    history_.attempts = {attempt};
    history_.worker_names = {{WorkerId{"w"}, "gpu1"}};
    history_.log_tail = {"last words"};
    return Explain(job, history_, shard);
  }

  int exit_code_ = -1;
  JobHistory history_;
};

TEST_F(ExplainFailed, ACrashTellsExitCodePlaceLimitAndLastLines) {
  exit_code_ = 3;
  history_.tally.counted = 3;
  const Explanation e = Of(FailureClass::kCrashed, "the runner ended");
  EXPECT_EQ(e.summary, "job 12 (train, sweep base) failed: crashed");
  EXPECT_THAT(e.reasons, ElementsAre(Because("crashed", "the runner ended (exit code 3)"),
                                     Because("last_attempt", "4, was on worker gpu1 (cuda:1)"),
                                     Because("limit", "3 attempts failed; max_attempts is 3")));
  EXPECT_THAT(e.log_tail, ElementsAre("last words"));
  EXPECT_THAT(e.advice, ElementsAre(ToType("tutti logs 12"), ToType("tutti retry base --failed")));
}

TEST_F(ExplainFailed, WhatTheMessageSaysIsNotSaidTwice) {
  exit_code_ = 3;
  EXPECT_EQ(Of(FailureClass::kCrashed, "it ended: exit code 3").reasons.front().text,
            "it ended: exit code 3");
}

TEST_F(ExplainFailed, ABadConfigurationIsNotTriedAgainByItself) {
  EXPECT_THAT(Of(FailureClass::kBadConfig, "no such model").reasons,
              Contains(Because("not_retried", "would fail the same way")));
}

TEST_F(ExplainFailed, EachClassSaysWhatToDo) {
  history_.time_limit_ms = 7'200'000;
  const auto advice = [&](FailureClass failure) { return Of(failure, "").advice.front(); };
  EXPECT_THAT(advice(FailureClass::kBadConfig).text, HasSubstr("sweep file"));
  EXPECT_THAT(advice(FailureClass::kBadData).command, "tutti dataset check DIR");
  EXPECT_THAT(advice(FailureClass::kOutOfMemory).text, HasSubstr("fewer slots"));
  EXPECT_THAT(advice(FailureClass::kTimedOut).text, HasSubstr("it is 7200 s"));
  EXPECT_THAT(advice(FailureClass::kWorkerLost).command, "tutti workers");
}

TEST_F(ExplainFailed, ALostWorkerHasItsOwnLimit) {
  history_.tally.worker_lost = 5;
  EXPECT_THAT(Of(FailureClass::kWorkerLost, "gone").reasons,
              Contains(Because("limit", "lost 5 times")));
}

TEST_F(ExplainFailed, AFailedDependencyNamesTheShardAndItsReasons) {
  JobSituation shard = Ready();
  shard.id = JobId{3};
  shard.kind = JobKind::kPreprocess;
  shard.phase = JobPhase::kFailed;
  JobHistory history;
  history.failure = FailureClass::kBadData;
  history.message = "a.wav is not what was registered";
  const Explanation of_shard = Explain(shard, history, nullptr);
  const Explanation e =
      Of(FailureClass::kDependencyFailed, "preprocess job 3 failed: bad_data", &of_shard);
  EXPECT_THAT(e.reasons,
              AllOf(Contains(Because("dependency_failed", "preprocess job 3")),
                    Contains(Because("shard", "job 3 (preprocess, sweep base) failed: bad_data")),
                    Contains(Because("bad_data", "a.wav is not what was registered"))));
  EXPECT_THAT(e.advice, Contains(ToType("tutti dataset check DIR")));
}

TEST(ExplainRunning, WhereItRunsAndHowToFollowIt) {
  JobSituation job = Ready();
  job.phase = JobPhase::kRunning;
  JobHistory history;
  AttemptRecord attempt;
  attempt.attempt = 2;
  attempt.worker = WorkerId{"w"};
  attempt.device = "cuda:0";
  history.attempts = {attempt};
  history.worker_names = {{WorkerId{"w"}, "gpu1"}};
  const Explanation e = Explain(job, history, nullptr);
  EXPECT_EQ(e.summary, "job 12 (train, sweep base) runs on worker gpu1 (cuda:0), attempt 2");
  EXPECT_THAT(e.advice, ElementsAre(ToType("tutti logs 12 --follow")));
}

TEST(ExplainEnded, SucceededAndCancelledJobsSayWhatComesNext) {
  JobSituation job = Ready();
  job.phase = JobPhase::kSucceeded;
  EXPECT_THAT(Explain(job, {}, nullptr).advice, ElementsAre(ToType("tutti show 12")));
  job.phase = JobPhase::kCancelled;
  EXPECT_THAT(Explain(job, {}, nullptr).advice, ElementsAre(ToType("tutti retry base")));
}

// The core's facts, so that what is explained is what the scheduler did.
TEST(Situation, TellsShardsQueueAndEachWorkersObstacle) {
  CoreHarness harness({.tracks_per_shard = 20});
  ASSERT_TRUE(IsOk(
      harness.Submit(MakeSweepSpec("base", {"cnn"}, {1, 2}), MakeManifest(40, {"blues", "rock"}))));
  SweepSpec urgent = MakeSweepSpec("urgent", {"rnn"}, {1});
  urgent.options["features"]["n_mels"] = 64;
  urgent.operational.priority = 2;
  ASSERT_TRUE(IsOk(harness.Submit(urgent, MakeManifest(40, {"blues", "rock"}))));
  ScriptedWorker trainer(harness, "trainer", 1, {JobKind::kTrain});
  trainer.Connect();
  const auto now = harness.clock.SteadyNow();
  const auto run = harness.core().SituationOf({3}, now);
  ASSERT_TRUE(IsOk(run));
  EXPECT_EQ(run->phase, JobPhase::kBlocked);
  EXPECT_EQ(run->shards, 2);
  EXPECT_EQ(run->shards_to_come, 2);
  EXPECT_EQ(run->next_shard, JobId{1});
  const auto shard = harness.core().SituationOf({2}, now);
  ASSERT_TRUE(IsOk(shard));
  EXPECT_EQ(shard->ready_before, 1);
  EXPECT_EQ(shard->higher_sweep, "urgent");
  EXPECT_EQ(shard->higher_ready, 2);
  ASSERT_EQ(shard->workers.size(), 1U);
  EXPECT_EQ(shard->workers[0].obstacle, Obstacle::kKind);
  EXPECT_TRUE(FailsWith(harness.core().SituationOf({99}, now), ErrorCode::kNotFound, "no job 99"));
}

}  // namespace
}  // namespace tutti
