// No question of everyday may read a table from end to end: SQLite is asked how it would go about
// each statement that the questions prepared.
#include <sqlite3.h>
#include <string>
#include <vector>

#include "coordinator/store/sqlite_store.h"
#include "coordinator/store/tables.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

using sample::kSweep;
using sample::kTrainJob;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class QueryPlan : public testing::Test {
 protected:
  QueryPlan() : store_(Get(SqliteStore::Open(path()))) {
    connection_ = Get(SqliteConnection::Open(path(), SqliteConnection::Access::kReadWrite, {}));
    EXPECT_EQ(sqlite3_open(path().c_str(), &planner_), SQLITE_OK);
  }
  ~QueryPlan() override { sqlite3_close(planner_); }

  std::filesystem::path path() const { return folder_ / "state.db"; }

  // The steps of all statements prepared so far.
  std::vector<std::string> Steps() {
    std::vector<std::string> steps;
    for (const std::string& sql : connection_->PreparedSql()) {
      sqlite3_stmt* plan = nullptr;
      EXPECT_EQ(
          sqlite3_prepare_v2(planner_, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &plan, nullptr),
          SQLITE_OK)
          << sql;
      while (sqlite3_step(plan) == SQLITE_ROW) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(plan, 3));
        steps.push_back(std::string(text) + " in: " + sql);
      }
      sqlite3_finalize(plan);
    }
    return steps;
  }
  // Those that read all of a table or an index.
  std::vector<std::string> Scans() {
    std::vector<std::string> scans;
    for (const std::string& step : Steps()) {
      if (step.starts_with("SCAN")) scans.push_back(step);
    }
    return scans;
  }

  TempDir folder_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<SqliteConnection> connection_;
  sqlite3* planner_ = nullptr;
};

TEST_F(QueryPlan, AScanIsNoticed) {
  ASSERT_TRUE(IsOk(ReadAllJobs(*connection_)));
  EXPECT_THAT(Scans(), ElementsAre(HasSubstr("SCAN job")));
}

TEST_F(QueryPlan, JobsOfASweepAreSearched) {
  const JobFilter page = {.sweep = kSweep, .kind = JobKind::kTrain, .after = JobId{5}};
  JobFilter in_phase = page;
  in_phase.phases = {JobPhase::kFailed};
  ASSERT_TRUE(IsOk(ReadJobs(*connection_, page)));
  ASSERT_TRUE(IsOk(ReadJobs(*connection_, in_phase)));
  ASSERT_TRUE(IsOk(ReadJobs(*connection_, {.after = JobId{5}})));
  ASSERT_TRUE(IsOk(CountRuns(*connection_, kSweep)));
  EXPECT_FALSE(ReadJob(*connection_, kTrainJob).ok());
  const std::vector<std::string> steps = Steps();
  EXPECT_THAT(steps,
              testing::Contains(AllOf(HasSubstr("job_by_sweep (sweep=?"), HasSubstr("rowid>?"))));
  EXPECT_THAT(steps, testing::Contains(HasSubstr("COVERING INDEX job_by_phase")));
  // The index gives the order: sorting a million rows for a page would be a scan by another name.
  EXPECT_THAT(steps, testing::Each(Not(HasSubstr("USE TEMP B-TREE"))));
  EXPECT_THAT(Scans(), ElementsAre(HasSubstr("SCAN json_each")));
}

TEST_F(QueryPlan, ResultsAttemptsAndEpochsAreSearched) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  ASSERT_TRUE(IsOk(store_->Commit(
      {PutAttempt{sample::Attempt(kTrainJob, 1)}, PutResult{sample::Result(kTrainJob, 1)}})));
  EXPECT_EQ(Get(ReadResultsOf(*connection_, kSweep)).size(), 1U);
  ASSERT_TRUE(IsOk(ReadResult(*connection_, kTrainJob)));
  ASSERT_TRUE(IsOk(ReadAttempts(*connection_, kTrainJob)));
  ASSERT_TRUE(IsOk(ReadEpochs(*connection_, kTrainJob, 1)));
  ASSERT_TRUE(IsOk(ReadLastEpoch(*connection_, kTrainJob)));
  ASSERT_TRUE(IsOk(ReadResume(*connection_, kTrainJob)));
  ASSERT_TRUE(IsOk(ReadLog(*connection_, kTrainJob, 1, 5, 10)));
  EXPECT_THAT(Scans(), IsEmpty());
  EXPECT_THAT(Steps(), testing::Each(Not(HasSubstr("USE TEMP B-TREE"))));
}

TEST_F(QueryPlan, EventsVerdictsNamesAndRequestsAreSearched) {
  ASSERT_TRUE(IsOk(ReadEvents(*connection_, 5, 10)));
  ASSERT_TRUE(IsOk(ReadUndecodable(*connection_, "spec")));
  EXPECT_FALSE(ReadSweep(*connection_, kSweep).ok());
  EXPECT_FALSE(ReadSweep(*connection_, "name").ok());
  EXPECT_FALSE(ReadDataset(*connection_, "name").ok());
  EXPECT_FALSE(ReadToken(*connection_, "11").ok());
  EXPECT_FALSE(ReadFeatureSet(*connection_, sample::kFeatureSet).ok());
  ASSERT_TRUE(IsOk(ReadRememberedReply(*connection_, "a")));
  ASSERT_TRUE(IsOk(Write(*connection_, RememberRequest{"a", "", UnixMillis{}})));
  // A name that nothing has is answered with the nearest, for which the few names are read.
  EXPECT_THAT(Scans(), testing::UnorderedElementsAre(HasSubstr("SCAN dataset in"),
                                                     HasSubstr("SCAN sweep in")));
}

// Feature sets are few; the jobs of each are looked up in an index.
TEST_F(QueryPlan, FeatureSetsOfASweepNeedNoScanOfJobs) {
  ASSERT_TRUE(IsOk(ReadFeatureSetsOf(*connection_, kSweep)));
  EXPECT_THAT(Scans(), ElementsAre(HasSubstr("SCAN feature_set")));
  EXPECT_THAT(Steps(),
              testing::Contains(HasSubstr("job_by_feature_set (feature_set=? AND sweep=?)")));
}

TEST_F(QueryPlan, AStartReadsOnlyAttemptsThatMaySpeak) {
  ASSERT_TRUE(IsOk(ReadLiveAttempts(*connection_)));
  EXPECT_THAT(Scans(), ElementsAre(HasSubstr("USING INDEX attempt_that_may_speak")));
}

}  // namespace
}  // namespace tutti
