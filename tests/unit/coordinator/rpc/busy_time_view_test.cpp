// What a sweep has cost: the time of all attempts, whatever became of them.
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "coordinator/rpc/views.h"
#include "coordinator/store/memory_store.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

constexpr SweepId kSweep{1};
constexpr UnixMillis kNow{1'000'000};

class BusyTimeView : public testing::Test {
 protected:
  BusyTimeView() {
    sweep_.id = kSweep;
    sweep_.name = "s";
    changes_.push_back(PutSweep{sweep_});
  }

  JobId AddJob(JobKind kind, const std::string& config) {
    JobRecord job;
    job.id = JobId{++jobs_};
    job.kind = kind;
    job.sweep = kSweep;
    job.last_attempt = 9;
    job.key = std::to_string(jobs_);
    job.config_json = config;
    changes_.push_back(PutJob{job});
    return job.id;
  }

  // started, ended in seconds; 0: not.
  void AddAttempt(JobId job, AttemptNumber number, AttemptOutcome outcome, std::int64_t started,
                  std::int64_t ended) {
    AttemptRecord attempt;
    attempt.job = job;
    attempt.attempt = number;
    attempt.outcome = outcome;
    attempt.granted_at = UnixMillis{1};
    attempt.started_at = UnixMillis{1'000 * started};
    attempt.ended_at = UnixMillis{1'000 * ended};
    changes_.push_back(PutAttempt{attempt});
  }

  v1::GetSweepResponse View() {
    EXPECT_TRUE(IsOk(store_.Commit(changes_)));
    v1::GetSweepResponse response;
    const auto reader = store_.OpenReader();
    EXPECT_TRUE(IsOk(ViewBusyTime(sweep_, kNow, **reader, response)));
    return response;
  }

  MemoryStore store_;
  Changes changes_;
  SweepRecord sweep_;
  std::int64_t jobs_ = 0;
};

TEST_F(BusyTimeView, CountsFailedAndLostAttemptsBesideThoseThatBroughtAResult) {
  const JobId first = AddJob(JobKind::kTrain, R"({"model":"rnn","seed":1})");
  AddAttempt(first, 1, AttemptOutcome::kFailed, 100, 130);
  AddAttempt(first, 2, AttemptOutcome::kSucceeded, 200, 250);
  const JobId second = AddJob(JobKind::kTrain, R"({"model":"rnn","seed":2})");
  AddAttempt(second, 1, AttemptOutcome::kReturned, 300, 307);
  const auto response = View();
  ASSERT_EQ(response.busy_time_size(), 1);
  const auto& row = response.busy_time(0);
  EXPECT_EQ(row.kind(), v1::JOB_KIND_TRAIN);
  EXPECT_EQ(row.model(), "rnn");
  EXPECT_EQ(row.attempts(), 3);
  EXPECT_EQ(row.running(), 0);
  EXPECT_DOUBLE_EQ(row.seconds(), 87);
  EXPECT_DOUBLE_EQ(row.lost_seconds(), 37);
}

TEST_F(BusyTimeView, CountsUntilNowWhatRunsAndNothingOfWhatNeverStarted) {
  const JobId job = AddJob(JobKind::kTrain, R"({"model":"cnn"})");
  AddAttempt(job, 1, AttemptOutcome::kFailed, 0, 500);
  AddAttempt(job, 2, AttemptOutcome::kRunning, 990, 0);
  const JobId waits = AddJob(JobKind::kTrain, R"({"model":"cnn"})");
  AddAttempt(waits, 1, AttemptOutcome::kLeased, 0, 0);
  const auto response = View();
  ASSERT_EQ(response.busy_time_size(), 1);
  EXPECT_EQ(response.busy_time(0).attempts(), 1);
  EXPECT_EQ(response.busy_time(0).running(), 1);
  EXPECT_DOUBLE_EQ(response.busy_time(0).seconds(), 10);
  EXPECT_DOUBLE_EQ(response.busy_time(0).lost_seconds(), 0);
}

TEST_F(BusyTimeView, TellsModelsAndKindsApart) {
  AddAttempt(AddJob(JobKind::kTrain, R"({"model":"rnn"})"), 1, AttemptOutcome::kSucceeded, 1, 2);
  AddAttempt(AddJob(JobKind::kTrain, R"({"model":"cnn"})"), 1, AttemptOutcome::kSucceeded, 1, 3);
  AddAttempt(AddJob(JobKind::kCommand, R"({"lr":"0.1"})"), 1, AttemptOutcome::kSucceeded, 1, 5);
  AddAttempt(AddJob(JobKind::kPreprocess, ""), 1, AttemptOutcome::kSucceeded, 1, 9);
  const auto response = View();
  std::map<std::pair<int, std::string>, double> seconds;
  for (const auto& row : response.busy_time()) seconds[{row.kind(), row.model()}] = row.seconds();
  const std::map<std::pair<int, std::string>, double> expected{{{v1::JOB_KIND_TRAIN, "rnn"}, 1},
                                                               {{v1::JOB_KIND_TRAIN, "cnn"}, 2},
                                                               {{v1::JOB_KIND_COMMAND, ""}, 4},
                                                               {{v1::JOB_KIND_PREPROCESS, ""}, 8}};
  EXPECT_EQ(seconds, expected);
}

}  // namespace
}  // namespace tutti
