#include "coordinator/upkeep/weights_retention.h"

#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "coordinator/store/memory_store.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr UnixMillis kNow{100'000'000'000};

KeptRun RunOf(std::int64_t job, const std::string& cell, double score, std::chrono::hours age,
              std::int64_t bytes = 10) {
  KeptRun run;
  run.job = JobId{job};
  run.sweep = SweepId{1};
  run.sweep_has_ended = true;
  run.cell = cell;
  run.score = score;
  run.accepted_at = UnixMillis{ToInt(kNow) - std::chrono::milliseconds(age).count()};
  run.weights = {{"best", Sha256Hex(std::to_string(job)), bytes}};
  return run;
}

std::vector<std::int64_t> Chosen(const std::vector<KeptRun>& runs,
                                 const RetentionOptions& options) {
  std::vector<std::int64_t> jobs;
  for (const KeptRun& run : ChooseToForget(runs, options, kNow)) jobs.push_back(run.job.value);
  return jobs;
}

TEST(WeightsRetention, WithoutALimitNothingGoes) {
  EXPECT_THAT(Chosen({RunOf(1, "a", 0.1, 9999h), RunOf(2, "a", 0.9, 1h)}, {}), IsEmpty());
}

TEST(WeightsRetention, OldWeightsGoTheOldestFirstAndNeverACellsBest) {
  const std::vector<KeptRun> runs = {RunOf(1, "a", 0.5, 30h), RunOf(2, "a", 0.9, 50h),
                                     RunOf(3, "a", 0.7, 40h), RunOf(4, "a", 0.8, 1h),
                                     RunOf(5, "b", 0.1, 99h)};
  EXPECT_THAT(Chosen(runs, {.keep_for = 24h}), ElementsAre(3, 1));
}

TEST(WeightsRetention, AboveTheQuotaTheOldestGoUntilTheRestFits) {
  const std::vector<KeptRun> runs = {RunOf(1, "a", 0.9, 50h), RunOf(2, "a", 0.5, 40h),
                                     RunOf(3, "a", 0.6, 30h), RunOf(4, "a", 0.7, 20h)};
  EXPECT_THAT(Chosen(runs, {.quota_bytes = 40}), IsEmpty());
  EXPECT_THAT(Chosen(runs, {.quota_bytes = 39}), ElementsAre(2));
  EXPECT_THAT(Chosen(runs, {.quota_bytes = 20}), ElementsAre(2, 3));
  EXPECT_THAT(Chosen(runs, {.quota_bytes = 1}), ElementsAre(2, 3, 4)) << "the best stays";
}

TEST(WeightsRetention, SweepsThatHaveNotEndedAndRunsWithoutAScoreKeepTheirs) {
  KeptRun running = RunOf(1, "a", 0.1, 99h);
  running.sweep_has_ended = false;
  KeptRun unscored = RunOf(2, "a", 0.1, 99h);
  unscored.score.reset();
  EXPECT_THAT(
      Chosen({running, unscored, RunOf(3, "a", 0.9, 1h)}, {.keep_for = 1h, .quota_bytes = 1}),
      IsEmpty());
}

TEST(WeightsRetention, WhateverTheRunsABestOneNeverGoesAndNoMoreGoThanNeeded) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<KeptRun> runs;
    std::int64_t total = 0;
    std::map<std::string, double> best;
    for (std::int64_t job = 1; job <= 30; ++job) {
      const std::string cell(1, static_cast<char>('a' + random() % 5));
      runs.push_back(RunOf(job, cell, static_cast<double>(random() % 10),
                           std::chrono::hours(random() % 100), 1 + random() % 50));
      runs.back().sweep_has_ended = random() % 4 != 0;
      total += runs.back().weights[0].size_bytes;
      best[cell] = std::max(best[cell], *runs.back().score);
    }
    const std::int64_t quota = 1 + random() % total;
    std::vector<KeptRun> chosen =
        ChooseToForget(runs, {.quota_bytes = static_cast<std::uint64_t>(quota)}, kNow);
    std::map<std::string, bool> best_is_kept;
    std::set<JobId> gone;
    for (const KeptRun& run : chosen) {
      EXPECT_TRUE(run.sweep_has_ended);
      gone.insert(run.job);
      total -= run.weights[0].size_bytes;
    }
    for (const KeptRun& run : runs) {
      if (*run.score == best[run.cell] && !gone.contains(run.job)) best_is_kept[run.cell] = true;
    }
    EXPECT_EQ(best_is_kept.size(), best.size());
    if (!chosen.empty()) EXPECT_GT(total + chosen.back().weights[0].size_bytes, quota);
  }
}

// Succeeded train runs of one cell in a store, the first with the best score.
class RetentionInAStore : public testing::TestWithParam<StoreKind> {
 protected:
  RetentionInAStore() : store_(MakeStore(GetParam(), folder_)) {
    SweepRecord sweep = sample::Sweep(sample::kSweep);
    sweep.dataset_version.clear();
    Changes changes{PutSweep{sweep}};
    for (std::int64_t id = 1; id <= 3; ++id) {
      JobRecord job = sample::TrainJob(JobId{id});
      job.config_json = R"({"model":"rnn","seed":)" + std::to_string(id) + "}";
      job.phase = JobPhase::kSucceeded;
      ResultRecord result = sample::Result(job.id, 1);
      result.accepted_at = UnixMillis{1'000 + id};
      result.metrics = {{"f1_macro", 1.0 / static_cast<double>(id)}};
      result.artifacts = {{"best", Sha256Hex(std::to_string(id)), 10}};
      changes.insert(changes.end(),
                     {PutJob{job}, PutAttempt{sample::Attempt(job.id, 1)}, PutResult{result}});
    }
    EXPECT_TRUE(IsOk(store_->Commit(changes)));
  }
  std::vector<KeptRun> Kept() { return Get(ReadKeptRuns(*Get(store_->OpenReader()))); }

  TempDir folder_;
  std::unique_ptr<Store> store_;
};

TEST_P(RetentionInAStore, RunsThatDifferInTheirSeedAreOneCell) {
  const std::vector<KeptRun> kept = Kept();
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].cell, kept[2].cell);
  EXPECT_TRUE(kept[0].sweep_has_ended);
  EXPECT_THAT(Chosen(kept, {.keep_for = 1h}), ElementsAre(2, 3));
}

TEST_P(RetentionInAStore, AReadyRunKeepsTheSweepFromHavingEnded) {
  ASSERT_TRUE(IsOk(store_->Commit({PutJob{sample::TrainJob(JobId{9})}})));
  EXPECT_FALSE(Kept()[0].sweep_has_ended);
}

TEST_P(RetentionInAStore, WhatIsForgottenIsNamedNoMoreButItsRowAndAnEventTellOfIt) {
  const KeptRun run = Kept()[1];
  const RetentionOptions options{.keep_for = 720h, .quota_bytes = 50};
  ASSERT_TRUE(IsOk(store_->Commit(ForgetWeights(run, options, kNow))));
  EXPECT_EQ(Kept().size(), 2U);
  const auto reader = Get(store_->OpenReader());
  const std::string hash = Sha256Hex("2");
  EXPECT_THAT(Get(reader->NamedBlobs()).blobs,
              testing::UnorderedElementsAre(*DigestFromHex(Sha256Hex("1")),
                                            *DigestFromHex(Sha256Hex("3"))));
  EXPECT_EQ(Get(reader->RemovedArtifact(hash)), (RemovedArtifact{JobId{2}, "best", kNow}));
  EXPECT_EQ(Get(reader->RemovedArtifact(Sha256Hex("1"))), std::nullopt);
  const ResultRecord result = Get(reader->ResultOf(JobId{2}));
  ASSERT_EQ(result.artifacts.size(), 1U);
  EXPECT_EQ(result.artifacts[0].blob_hash, hash);
  EXPECT_EQ(result.artifacts[0].removed_at, kNow);
  const EventRecord event = Get(reader->Events(0, 10)).back();
  EXPECT_EQ(event.kind, "weights_removed");
  EXPECT_EQ(event.detail,
            "10 bytes, by retention (--keep-weights-for 30d, --weights-quota 50B); tutti replay 2 "
            "trains the run again");
}

INSTANTIATE_TEST_SUITE_P(Stores, RetentionInAStore,
                         testing::Values(StoreKind::kMemory, StoreKind::kSqlite),
                         [](const auto& kind) {
                           return kind.param == StoreKind::kMemory ? "Memory" : "Sqlite";
                         });

}  // namespace
}  // namespace tutti
