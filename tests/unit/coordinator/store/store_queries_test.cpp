// Questions that look at many rows, and what holds for a batch as a whole.
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_contract.h"

namespace tutti {
namespace {

using sample::kFeatureSet;
using sample::kShardJob;
using sample::kSweep;
using sample::kTrainJob;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr SweepId kOtherSweep{2};

// Sweep 1: shard job 1, train jobs 2…5, command job 6. Sweep 2: train job 7.
Changes TwoSweeps() {
  Changes changes = {PutSweep{sample::Sweep(kSweep)}, PutSweep{sample::Sweep(kOtherSweep)},
                     PutJob{sample::ShardJob(kShardJob)}};
  for (std::int64_t id = 2; id <= 5; ++id) changes.push_back(PutJob{sample::TrainJob(JobId{id})});
  changes.push_back(PutJob{sample::CommandJob(JobId{6})});
  changes.push_back(PutJob{sample::TrainJob(JobId{7}, kOtherSweep)});
  changes.push_back(sample::Update(JobId{1}, JobPhase::kFailed));
  changes.push_back(sample::Update(JobId{3}, JobPhase::kFailed));
  changes.push_back(sample::Update(JobId{5}, JobPhase::kSucceeded));
  changes.push_back(sample::Update(JobId{6}, JobPhase::kFailed));
  return changes;
}

TEST_P(StoreContract, JobsAreFilteredInOrderOfIds) {
  ASSERT_TRUE(IsOk(store_->Commit(TwoSweeps())));
  const auto jobs = [&](const JobFilter& filter) { return Ids(Get(reader_->Jobs(filter))); };
  EXPECT_EQ(jobs({}).size(), 7U);
  EXPECT_THAT(jobs({.sweep = kOtherSweep}), ElementsAre(JobId{7}));
  EXPECT_THAT(jobs({.sweep = kSweep, .kind = JobKind::kCommand}), ElementsAre(JobId{6}));
  EXPECT_THAT(jobs({.sweep = kSweep, .phases = {JobPhase::kFailed}}),
              ElementsAre(JobId{1}, JobId{3}, JobId{6}));
  EXPECT_THAT(jobs({.sweep = kSweep,
                    .kind = JobKind::kTrain,
                    .phases = {JobPhase::kSucceeded, JobPhase::kReady, JobPhase::kReady}}),
              ElementsAre(JobId{2}, JobId{4}, JobId{5}));
  EXPECT_THAT(jobs({.kind = JobKind::kTrain, .phases = {JobPhase::kReady}}),
              ElementsAre(JobId{2}, JobId{4}, JobId{7}));
  EXPECT_THAT(jobs({.sweep = SweepId{3}}), IsEmpty());
}

TEST_P(StoreContract, JobsAreReadInPages) {
  ASSERT_TRUE(IsOk(store_->Commit(TwoSweeps())));
  const auto jobs = [&](const JobFilter& filter) { return Ids(Get(reader_->Jobs(filter))); };
  EXPECT_THAT(jobs({.sweep = kSweep, .limit = 2}), ElementsAre(JobId{1}, JobId{2}));
  EXPECT_THAT(jobs({.sweep = kSweep, .after = JobId{2}, .limit = 2}),
              ElementsAre(JobId{3}, JobId{4}));
  EXPECT_THAT(jobs({.sweep = kSweep, .after = JobId{6}}), IsEmpty());
  EXPECT_THAT(jobs({.after = JobId{5}, .limit = 1}), ElementsAre(JobId{6}));
  EXPECT_THAT(jobs({.sweep = kSweep,
                    .phases = {JobPhase::kFailed, JobPhase::kReady},
                    .after = JobId{1},
                    .limit = 3}),
              ElementsAre(JobId{2}, JobId{3}, JobId{4}));
  EXPECT_THAT(jobs({.sweep = kSweep, .limit = 0}), IsEmpty());
  EXPECT_THAT(jobs({.sweep = kSweep, .phases = {JobPhase::kFailed}, .limit = -1}), IsEmpty());
}

TEST_P(StoreContract, RunsAreCountedByPhaseWithoutShards) {
  ASSERT_TRUE(IsOk(store_->Commit(TwoSweeps())));
  EXPECT_THAT(Get(reader_->CountRuns(kSweep)),
              ElementsAre(PhaseCount{JobPhase::kReady, 2}, PhaseCount{JobPhase::kSucceeded, 1},
                          PhaseCount{JobPhase::kFailed, 2}));
}

TEST_P(StoreContract, FeatureSetsOfASweepAreThoseItsRunsWaitFor) {
  ASSERT_TRUE(IsOk(store_->Commit(TwoSweeps())));
  JobRecord run = sample::TrainJob(JobId{8}, kOtherSweep);
  run.feature_set = kFeatureSet;
  JobRecord another = sample::TrainJob(JobId{9}, kOtherSweep);
  another.feature_set = kFeatureSet;
  const FeatureSetRecord features = sample::FeatureSet(kFeatureSet, {kShardJob});
  ASSERT_TRUE(
      IsOk(store_->Commit({PutJob{run}, PutJob{another}, PutFeatureSet{features},
                           PutFeatureSet{sample::FeatureSet(FeatureSetId{2}, {kShardJob})}})));
  EXPECT_THAT(Get(reader_->FeatureSetsOf(kOtherSweep)), ElementsAre(features));
  EXPECT_THAT(Get(reader_->FeatureSetsOf(kSweep)), IsEmpty());
}

TEST_P(StoreContract, ResultsOfASweepAreItsRunsWithoutPredictions) {
  Changes changes = TwoSweeps();
  for (const std::int64_t id : {7, 5, 1, 2}) {
    changes.push_back(PutAttempt{sample::Attempt(JobId{id}, 1)});
    changes.push_back(PutResult{sample::Result(JobId{id}, 1, id)});
  }
  ASSERT_TRUE(IsOk(store_->Commit(changes)));
  ResultRecord second = sample::Result(JobId{2}, 1, 2);
  ResultRecord fifth = sample::Result(JobId{5}, 1, 5);
  second.predictions.clear();
  fifth.predictions.clear();
  EXPECT_THAT(Get(reader_->ResultsOf(kSweep)), ElementsAre(second, fifth));
}

TEST_P(StoreContract, TheLastEpochIsOfTheNewestAttemptThatHasOne) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  ASSERT_TRUE(IsOk(store_->Commit(
      {PutAttempt{sample::Attempt(kTrainJob, 1)}, PutAttempt{sample::Attempt(kTrainJob, 2)},
       PutAttempt{sample::Attempt(kTrainJob, 3)}, PutEpoch{sample::Epoch(kTrainJob, 1, 9)},
       PutEpoch{sample::Epoch(kTrainJob, 2, 4)}, PutEpoch{sample::Epoch(kTrainJob, 2, 3)}})));
  EXPECT_EQ(Get(reader_->LastEpoch(kTrainJob)), sample::Epoch(kTrainJob, 2, 4));
  EXPECT_EQ(Get(reader_->LastEpoch(kShardJob)), std::nullopt);
}

TEST_P(StoreContract, LoadGivesAttemptsThatMayStillSpeak) {
  using enum AttemptOutcome;
  Changes changes = TwoSweeps();  // 5 has succeeded, 3 has failed
  for (const std::int64_t id : {2, 3, 5}) {
    changes.push_back(PutAttempt{sample::Attempt(JobId{id}, 1, kLost)});
  }
  changes.push_back(PutAttempt{sample::Attempt(JobId{2}, 2, kReturned)});
  changes.push_back(PutAttempt{sample::Attempt(JobId{2}, 3, kLeased)});
  changes.push_back(PutAttempt{sample::Attempt(JobId{4}, 1, kRunning)});
  changes.push_back(PutAttempt{sample::Attempt(JobId{6}, 1, kFailed)});
  ASSERT_TRUE(IsOk(store_->Commit(changes)));
  EXPECT_THAT(
      Get(store_->Load()).live_attempts,
      ElementsAre(sample::Attempt(JobId{2}, 1, kLost), sample::Attempt(JobId{2}, 3, kLeased),
                  sample::Attempt(JobId{3}, 1, kLost), sample::Attempt(JobId{4}, 1, kRunning)));
}

TEST_P(StoreContract, LoadGivesAllThatTheCoreNeeds) {
  Changes changes = TwoSweeps();
  const FeatureSetRecord features = sample::FeatureSet(FeatureSetId{4}, {kShardJob});
  changes.push_back(PutFeatureSet{features});
  changes.push_back(PutWorker{sample::Worker(WorkerId{"b"}, "a")});
  changes.push_back(PutWorker{sample::Worker(WorkerId{"a"}, "b")});
  changes.push_back(PutUndecodable{sample::Undecodable("c", "y")});
  changes.push_back(PutUndecodable{sample::Undecodable("d", "x")});
  ASSERT_TRUE(IsOk(store_->Commit(changes)));
  const StoredState state = Get(store_->Load());
  EXPECT_THAT(state.sweeps, ElementsAre(sample::Sweep(kSweep), sample::Sweep(kOtherSweep)));
  EXPECT_THAT(state.feature_sets, ElementsAre(features));
  EXPECT_EQ(state.jobs, Get(reader_->Jobs({})));
  EXPECT_THAT(state.workers,
              ElementsAre(sample::Worker(WorkerId{"b"}, "a"), sample::Worker(WorkerId{"a"}, "b")));
  EXPECT_THAT(state.undecodable,
              ElementsAre(sample::Undecodable("d", "x"), sample::Undecodable("c", "y")));
  EXPECT_EQ(state.last_sweep_id, 2);
  EXPECT_EQ(state.last_feature_set_id, 4);
  EXPECT_EQ(state.last_job_id, 7);
}

TEST_P(StoreContract, AFailingChangeInTheMiddleLeavesNothing) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  ASSERT_TRUE(IsOk(store_->Commit(
      {AppendEvent{sample::Event("first")}, RememberRequest{"a", "reply", UnixMillis{1}},
       PutAttempt{sample::Attempt(kTrainJob, 1)}, PutResult{sample::Result(kTrainJob, 1)}})));
  const StoredState before = Get(store_->Load());
  ResultRecord other = sample::Result(kTrainJob, 1, 5);
  other.artifacts.clear();
  const Changes broken = {
      PutDataset{sample::Dataset("gtzan")},
      PutSweep{sample::Sweep(kSweep, 9)},
      PutJob{sample::TrainJob(JobId{3})},
      sample::Update(kTrainJob, JobPhase::kCancelled),
      PutResult{other},
      PutFeatureSet{sample::FeatureSet(kFeatureSet, {})},
      PutWorker{sample::Worker(WorkerId{"a"}, "a")},
      PutToken{sample::Token("11", "admin")},
      AppendEvent{sample::Event("second")},
      RememberRequest{"b", "reply", UnixMillis{1LL << 40}},
      sample::Update(JobId{99}, JobPhase::kReady),
      AppendEvent{sample::Event("third")},
  };
  EXPECT_TRUE(FailsWith(store_->Commit(broken), ErrorCode::kFailedPrecondition, "job 99"));
  ExpectSameState(Get(store_->Load()), before);
  EXPECT_EQ(Get(reader_->ResultOf(kTrainJob)), sample::Result(kTrainJob, 1));
  EXPECT_THAT(Get(reader_->Datasets()), IsEmpty());
  EXPECT_THAT(Get(reader_->Tokens()), IsEmpty());
  EXPECT_EQ(Get(reader_->Events(0, 10)).size(), 1U);
  EXPECT_TRUE(Get(reader_->RememberedReply("a")).has_value());
  EXPECT_FALSE(Get(reader_->RememberedReply("b")).has_value());
  // The store is not stuck, and the number of the event that was not is given again.
  ASSERT_TRUE(IsOk(store_->Commit({AppendEvent{sample::Event("fourth")}})));
  EXPECT_EQ(Get(reader_->Events(1, 10)).at(0).number, 2);
}

TEST_P(StoreContract, ARowMayBeNamedBeforeItIsPut) {
  Changes changes = sample::SmallSweep();
  changes.insert(
      changes.begin(),
      {PutEpoch{sample::Epoch(kTrainJob, 1, 1)}, PutResult{sample::Result(kTrainJob, 1)},
       PutAttempt{sample::Attempt(kTrainJob, 1)}, PutUndecodable{sample::Undecodable("c", "s")}});
  EXPECT_TRUE(IsOk(store_->Commit(changes)));
}

TEST_P(StoreContract, ARowThatNamesAMissingOneIsRefused) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  JobRecord waiting = sample::TrainJob(JobId{5});
  waiting.feature_set = FeatureSetId{44};
  const std::vector<Change> dangling = {
      PutJob{sample::TrainJob(JobId{5}, SweepId{44})},
      PutJob{waiting},
      PutFeatureSet{sample::FeatureSet(FeatureSetId{2}, {JobId{44}})},
      PutAttempt{sample::Attempt(JobId{44}, 1)},
      PutResult{sample::Result(kTrainJob, 44)},
      PutEpoch{sample::Epoch(kTrainJob, 44, 1)},
      PutLog{{kTrainJob, 44, 1, {"line"}}},
      PutUndecodable{sample::Undecodable("c", "s", JobId{44})},
  };
  const StoredState before = Get(store_->Load());
  for (const Change& change : dangling) {
    SCOPED_TRACE(change.index());
    EXPECT_TRUE(
        FailsWith(store_->Commit({change}), ErrorCode::kFailedPrecondition, "neither stored"));
    ExpectSameState(Get(store_->Load()), before);
  }
}

// That a run's key is there once in its sweep is the core's to see to.
TEST_P(StoreContract, NamesOfSweepsAndKeysOfShardsAreTakenOnce) {
  ASSERT_TRUE(IsOk(store_->Commit(TwoSweeps())));
  SweepRecord twin = sample::Sweep(SweepId{3});
  twin.name = "sweep-1";
  JobRecord shard = sample::ShardJob(JobId{20}, kOtherSweep);
  shard.key = "key-1";  // a shard is everybody's
  for (const Change& change : {Change(PutSweep{twin}), Change(PutJob{shard})}) {
    SCOPED_TRACE(change.index());
    EXPECT_FALSE(store_->Commit({change}).ok());
  }
}

TEST_P(StoreContract, AKeyThatWasGivenUpIsFree) {
  ASSERT_TRUE(IsOk(store_->Commit(TwoSweeps())));
  JobRecord first = sample::ShardJob(JobId{1});
  first.key = "elsewhere";
  JobRecord second = sample::ShardJob(JobId{20});
  second.key = "key-1";
  EXPECT_TRUE(IsOk(store_->Commit({PutJob{first}, PutJob{second}})));
  EXPECT_EQ(Get(reader_->Job(JobId{20})).key, "key-1");
}

TEST_P(StoreContract, AReaderSeesWhatWasCommittedSince) {
  EXPECT_THAT(Get(reader_->Sweeps()), IsEmpty());
  ASSERT_TRUE(IsOk(store_->Commit({PutSweep{sample::Sweep(kSweep)}})));
  EXPECT_EQ(Get(reader_->Sweeps()).size(), 1U);
}

TEST_P(StoreContract, AnEmptyBatchIsFine) {
  EXPECT_TRUE(IsOk(store_->Commit({})));
}

TEST_P(StoreContract, AReaderOutlivesItsStore) {
  ASSERT_TRUE(IsOk(store_->Commit({PutSweep{sample::Sweep(kSweep)}})));
  store_.reset();
  EXPECT_EQ(Get(reader_->Sweep(kSweep)), sample::Sweep(kSweep));
}

}  // namespace
}  // namespace tutti
