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

}  // namespace
}  // namespace tutti
