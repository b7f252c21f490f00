#include "cli/sweep_progress.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

void Add(v1::SweepInfo& sweep, v1::JobPhase phase, int jobs) {
  auto* count = sweep.add_runs();
  count->set_phase(phase);
  count->set_jobs(jobs);
}

TEST(SweepProgress, CountsWhatIsPlannedDoneAndRunning) {
  v1::SweepInfo sweep;
  Add(sweep, v1::JOB_PHASE_SUCCEEDED, 3);
  Add(sweep, v1::JOB_PHASE_RUNNING, 1);
  Add(sweep, v1::JOB_PHASE_LEASED, 1);
  Add(sweep, v1::JOB_PHASE_READY, 2);
  Add(sweep, v1::JOB_PHASE_FAILED, 1);
  Add(sweep, v1::JOB_PHASE_CANCELLED, 4);
  const SweepCounts counts = CountsOf(sweep);
  EXPECT_EQ(counts.planned, 8);
  EXPECT_EQ(counts.succeeded, 3);
  EXPECT_EQ(counts.running, 2);
  EXPECT_EQ(counts.waiting, 2);
  EXPECT_EQ(counts.failed, 1);
  EXPECT_EQ(counts.cancelled, 4);
  EXPECT_FALSE(counts.ended());
}

TEST(SweepProgress, ASweepWithoutWaitingRunsHasEnded) {
  v1::SweepInfo sweep;
  Add(sweep, v1::JOB_PHASE_SUCCEEDED, 3);
  Add(sweep, v1::JOB_PHASE_FAILED, 1);
  EXPECT_TRUE(CountsOf(sweep).ended());
}

TEST(SweepProgress, TheLineTellsWhatRuns) {
  v1::GetSweepResponse reply;
  Add(*reply.mutable_sweep(), v1::JOB_PHASE_SUCCEEDED, 3);
  Add(*reply.mutable_sweep(), v1::JOB_PHASE_RUNNING, 1);
  auto* job = reply.add_running();
  job->set_kind(v1::JOB_KIND_TRAIN);
  job->set_config_json(R"({"model":"rnn","slice_seconds":1,"seed":333})");
  job->mutable_last_epoch()->set_epoch(7);
  job->mutable_last_epoch()->set_val_loss(0.25);
  EXPECT_EQ(ProgressLine(reply), "runs 3/4, 1 running (rnn 1s seed 333: epoch 7, loss 0.2500)");
}

v1::GetSweepResponse HalfDone() {
  v1::GetSweepResponse reply;
  reply.mutable_sweep()->set_name("gtzan");
  Add(*reply.mutable_sweep(), v1::JOB_PHASE_SUCCEEDED, 4);
  Add(*reply.mutable_sweep(), v1::JOB_PHASE_RUNNING, 2);
  Add(*reply.mutable_sweep(), v1::JOB_PHASE_FAILED, 2);
  for (const int seed : {333, 123}) {
    auto* job = reply.add_running();
    job->set_kind(v1::JOB_KIND_TRAIN);
    job->set_worker("one");
    job->set_config_json(R"({"model":"rnn","slice_seconds":1,"seed":)" + std::to_string(seed) +
                         "}");
  }
  return reply;
}

TEST(SweepProgress, OnATerminalBarsTellStatesAndWhatRuns) {
  v1::GetSweepResponse reply = HalfDone();
  reply.set_remaining_low_seconds(720);
  reply.set_remaining_high_seconds(1080);
  const auto lines = ProgressLines(reply, 80, 24);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "gtzan: 2 running, 0 waiting, 2 failed, 12m 0s – 18m 0s left");
  EXPECT_EQ(lines[1], "[███████████████×××××××········] runs   4/8");
  EXPECT_EQ(lines[2], "  rnn 1s seed 333 (one)");
  EXPECT_EQ(lines[3], "  rnn 1s seed 123 (one)");
}

TEST(SweepProgress, ASmallTerminalGetsShortLinesAndFewOfThem) {
  const auto lines = ProgressLines(HalfDone(), 12, 6);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "gtzan: 2 run");
  EXPECT_EQ(lines[1], "[███████████");
  EXPECT_EQ(lines[3], "  and 1 more");
}

}  // namespace
}  // namespace tutti
