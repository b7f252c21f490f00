// What a sweep's estimates were on the way, made again from its rows.
#include <gtest/gtest.h>

#include "common/feature_spec.h"
#include "coordinator/rpc/views.h"
#include "coordinator/store/memory_store.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

constexpr std::int64_t kBegun = 1'000'000;
constexpr int kEpochs = 10;
constexpr SweepId kSweep{1};

// Four runs of one kind, one after another, `seconds[i]` an epoch each.
class PastEstimates : public testing::Test {
 protected:
  void AddRuns(const std::vector<double>& seconds) {
    std::int64_t at = kBegun;
    for (std::size_t i = 0; i < seconds.size(); ++i) {
      AddRun(JobId{static_cast<std::int64_t>(i) + 1}, at, seconds[i]);
      at += static_cast<std::int64_t>(1e3 * seconds[i] * kEpochs);
    }
    sweep_.id = kSweep;
    sweep_.name = "s";
    sweep_.dataset = "d";
    changes_.push_back(PutSweep{sweep_});
    ASSERT_TRUE(IsOk(store_.Commit(changes_)));
  }

  void AddRun(JobId id, std::int64_t at, double seconds) {
    JobRecord job;
    job.id = id;
    job.sweep = kSweep;
    job.phase = JobPhase::kSucceeded;
    job.last_attempt = 1;
    job.key = std::to_string(id.value);
    job.config_json = DumpJson({{"model", "rnn"},
                                {"slice_seconds", 1},
                                {"features", ToJson(FeatureSpec{})},
                                {"training", {{"epochs", kEpochs}}}});
    const double all = seconds * kEpochs;
    const auto ended = UnixMillis{at + static_cast<std::int64_t>(1e3 * all)};
    AttemptRecord attempt;
    attempt.job = id;
    attempt.attempt = 1;
    attempt.granted_at = attempt.started_at = UnixMillis{at};
    attempt.ended_at = ended;
    ResultRecord result;
    result.job = id;
    result.attempt = 1;
    result.accepted_at = ended;
    result.timings_seconds["train"] = all;
    changes_.push_back(PutJob{job});
    changes_.push_back(PutAttempt{attempt});
    for (int epoch = 1; epoch <= kEpochs; ++epoch) {
      changes_.push_back(PutEpoch{{id, 1, epoch, 0, 0, 0, 0, seconds}});
    }
    changes_.push_back(PutResult{result});
  }

  v1::GetSweepResponse View() {
    v1::GetSweepResponse response;
    const auto reader = store_.OpenReader();
    EXPECT_TRUE(IsOk(ViewPastEstimates(sweep_, **reader, response)));
    return response;
  }

  MemoryStore store_;
  Changes changes_;
  SweepRecord sweep_;
};

TEST_F(PastEstimates, AreRightWhereEveryRunTakesAlike) {
  AddRuns({1, 1, 1, 1});
  const auto response = View();
  ASSERT_EQ(response.past_estimates_size(), 3);
  const auto& half = response.past_estimates(1);
  EXPECT_DOUBLE_EQ(half.after_seconds(), 20);
  EXPECT_DOUBLE_EQ(half.actual_seconds(), 20);
  EXPECT_LT(half.low_seconds(), 20);
  EXPECT_GT(half.high_seconds(), 20);
  EXPECT_NEAR((half.low_seconds() + half.high_seconds()) / 2, 20, 1e-9);
}

// The last two take three times as long as anything before had told.
TEST_F(PastEstimates, TellTooLittleWhereWhatCameTookLonger) {
  AddRuns({1, 1, 3, 3});
  const auto response = View();
  ASSERT_EQ(response.past_estimates_size(), 3);
  const auto& quarter = response.past_estimates(0);
  EXPECT_DOUBLE_EQ(quarter.after_seconds(), 20);
  EXPECT_DOUBLE_EQ(quarter.actual_seconds(), 60);
  EXPECT_NEAR((quarter.low_seconds() + quarter.high_seconds()) / 2, 20, 1e-9);
}

TEST_F(PastEstimates, AreNotToldBeforeTheEnd) {
  AddRuns({1, 1});
  JobRecord waits;
  waits.id = JobId{9};
  waits.sweep = kSweep;
  waits.phase = JobPhase::kReady;
  waits.key = "9";
  waits.config_json = "{}";
  ASSERT_TRUE(IsOk(store_.Commit({PutJob{waits}})));
  EXPECT_EQ(View().past_estimates_size(), 0);
}

}  // namespace
}  // namespace tutti
