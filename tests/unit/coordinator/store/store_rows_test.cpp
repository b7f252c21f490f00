// Every kind of change: what was put is read back whole, and putting it again replaces it.
#include <cmath>
#include <limits>

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
using testing::Optional;

TEST_P(StoreContract, AnEmptyStoreHasNothing) {
  ExpectSameState(Get(store_->Load()), StoredState{});
  EXPECT_THAT(Get(reader_->Datasets()), IsEmpty());
  EXPECT_THAT(Get(reader_->Sweeps()), IsEmpty());
  EXPECT_THAT(Get(reader_->Jobs({})), IsEmpty());
  EXPECT_THAT(Get(reader_->Events(0, 10)), IsEmpty());
  EXPECT_THAT(Get(reader_->CountRuns(kSweep)), IsEmpty());
  EXPECT_EQ(Get(reader_->LastEpoch(kTrainJob)), std::nullopt);
}

TEST_P(StoreContract, MissingRowsAreNotFoundByName) {
  EXPECT_TRUE(FailsWith(reader_->Dataset("gtzan"), ErrorCode::kNotFound, "\"gtzan\""));
  EXPECT_TRUE(FailsWith(reader_->Sweep("first"), ErrorCode::kNotFound, "\"first\""));
  EXPECT_TRUE(FailsWith(reader_->Sweep(SweepId{5}), ErrorCode::kNotFound, "sweep 5"));
  EXPECT_TRUE(FailsWith(reader_->FeatureSet(FeatureSetId{6}), ErrorCode::kNotFound, "set 6"));
  EXPECT_TRUE(FailsWith(reader_->Job(JobId{7}), ErrorCode::kNotFound, "job 7"));
  EXPECT_TRUE(FailsWith(reader_->ResultOf(JobId{8}), ErrorCode::kNotFound, "job 8"));
  EXPECT_TRUE(FailsWith(reader_->Token("ff"), ErrorCode::kNotFound, "token"));
}

TEST_P(StoreContract, AMistypedNameIsAnsweredWithTheNearest) {
  ASSERT_TRUE(IsOk(
      store_->Commit({PutDataset{sample::Dataset("gtzan")}, PutSweep{sample::Sweep(kSweep)}})));
  EXPECT_TRUE(FailsWith(reader_->Dataset("gtzna"), ErrorCode::kNotFound,
                        "no dataset is named \"gtzna\", did you mean \"gtzan\"?"));
  EXPECT_TRUE(FailsWith(reader_->Sweep("sweep1"), ErrorCode::kNotFound,
                        "no sweep is named \"sweep1\", did you mean \"sweep-1\"?"));
  EXPECT_TRUE(FailsWith(reader_->Sweep("other"), ErrorCode::kNotFound, "; tutti sweeps shows"));
}

TEST_P(StoreContract, PutDatasetWritesAndReplaces) {
  const DatasetRecord first = sample::Dataset("gtzan");
  ASSERT_TRUE(IsOk(store_->Commit({PutDataset{first}})));
  EXPECT_EQ(Get(reader_->Dataset("gtzan")), first);
  const DatasetRecord second = sample::Dataset("gtzan", 1);
  ASSERT_TRUE(IsOk(store_->Commit({PutDataset{second}, PutDataset{sample::Dataset("ab")}})));
  EXPECT_THAT(Get(reader_->Datasets()), ElementsAre(sample::Dataset("ab"), second));
}

TEST_P(StoreContract, PutSweepWritesAndReplaces) {
  const SweepRecord first = sample::Sweep(kSweep);
  ASSERT_TRUE(IsOk(store_->Commit({PutSweep{first}})));
  EXPECT_EQ(Get(reader_->Sweep("sweep-1")), first);
  SweepRecord second = sample::Sweep(kSweep, 1);
  second.name = "renamed";
  ASSERT_TRUE(IsOk(store_->Commit({PutSweep{second}, PutSweep{sample::Sweep(SweepId{2})}})));
  EXPECT_EQ(Get(reader_->Sweep(kSweep)), second);
  EXPECT_EQ(Get(reader_->Sweep("renamed")), second);
  EXPECT_FALSE(reader_->Sweep("sweep-1").ok());
  EXPECT_THAT(Get(reader_->Sweeps()), ElementsAre(second, sample::Sweep(SweepId{2})));
}

TEST_P(StoreContract, PutFeatureSetKeepsTheOrderOfItsShards) {
  const std::vector<JobId> shards = {JobId{3}, JobId{1}, JobId{2}};
  Changes changes = {PutSweep{sample::Sweep(kSweep)}};
  for (const JobId& id : shards) changes.push_back(PutJob{sample::ShardJob(id)});
  changes.push_back(PutFeatureSet{sample::FeatureSet(kFeatureSet, shards)});
  ASSERT_TRUE(IsOk(store_->Commit(changes)));
  EXPECT_EQ(Get(reader_->FeatureSet(kFeatureSet)).shard_jobs, shards);
  const FeatureSetRecord shorter = sample::FeatureSet(kFeatureSet, {JobId{2}});
  ASSERT_TRUE(IsOk(store_->Commit({PutFeatureSet{shorter}})));
  EXPECT_EQ(Get(reader_->FeatureSet(kFeatureSet)), shorter);
}

TEST_P(StoreContract, PutJobWritesAndReplaces) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  JobRecord job = sample::TrainJob(kTrainJob);
  job.feature_set = kFeatureSet;
  job.phase = JobPhase::kLeased;
  job.worker = sample::kWorker;
  job.failure = std::nullopt;
  job.key = "another";
  job.config_json = "{}";
  ASSERT_TRUE(IsOk(store_->Commit({PutJob{job}})));
  EXPECT_EQ(Get(reader_->Job(kTrainJob)), job);
  EXPECT_EQ(Get(reader_->Job(kShardJob)), sample::ShardJob(kShardJob));
}

TEST_P(StoreContract, UpdateJobTouchesOnlyWhatChangesWhileAJobLives) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  JobRecord expected = Get(reader_->Job(kTrainJob));
  const UpdateJob update = sample::Update(kTrainJob, JobPhase::kRunning);
  ASSERT_TRUE(IsOk(store_->Commit({update})));
  expected.phase = update.phase;
  expected.last_attempt = update.last_attempt;
  expected.worker = update.worker;
  expected.failure = update.failure;
  expected.message = update.message;
  expected.tally = update.tally;
  expected.ready_at = update.ready_at;
  EXPECT_EQ(Get(reader_->Job(kTrainJob)), expected);
}

TEST_P(StoreContract, UpdateOfAMissingJobIsRefused) {
  EXPECT_TRUE(FailsWith(store_->Commit({sample::Update(JobId{9}, JobPhase::kReady)}),
                        ErrorCode::kFailedPrecondition, "job 9"));
}

TEST_P(StoreContract, PutAttemptWritesAndReplacesInOrderOfNumber) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  const AttemptRecord second = sample::Attempt(kTrainJob, 2);
  ASSERT_TRUE(IsOk(store_->Commit({PutAttempt{second}, PutAttempt{sample::Attempt(kTrainJob, 1)},
                                   PutAttempt{sample::Attempt(kShardJob, 1)}})));
  AttemptRecord first = sample::Attempt(kTrainJob, 1, AttemptOutcome::kReturned);
  first.failure = std::nullopt;
  first.log_tail.clear();
  ASSERT_TRUE(IsOk(store_->Commit({PutAttempt{first}})));
  EXPECT_THAT(Get(reader_->Attempts(kTrainJob)), ElementsAre(first, second));
}

TEST_P(StoreContract, PutResultReplacesEveryPartOfIt) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  const ResultRecord first = sample::Result(kTrainJob, 1);
  ASSERT_TRUE(IsOk(store_->Commit({PutAttempt{sample::Attempt(kTrainJob, 1)},
                                   PutAttempt{sample::Attempt(kTrainJob, 2)}, PutResult{first}})));
  EXPECT_EQ(Get(reader_->ResultOf(kTrainJob)), first);
  const ResultRecord second = {.job = kTrainJob,
                               .attempt = 2,
                               .accepted_at = UnixMillis{1},
                               .metrics = {{"other", -0.5}},
                               .timings_seconds = {},
                               .environment = {},
                               .predictions = {},
                               .artifacts = {{"last", "cc", 1}}};
  ASSERT_TRUE(IsOk(store_->Commit({PutResult{second}})));
  EXPECT_EQ(Get(reader_->ResultOf(kTrainJob)), second);
}

TEST_P(StoreContract, NumbersThatAreNoneSurvive) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  ResultRecord result = sample::Result(kTrainJob, 1);
  result.metrics = {{"none", nan}, {"much", inf}, {"little", -inf}};
  EpochRecord epoch = sample::Epoch(kTrainJob, 1, 1);
  epoch.train_loss = nan;
  epoch.val_loss = -inf;
  ASSERT_TRUE(IsOk(store_->Commit(
      {PutAttempt{sample::Attempt(kTrainJob, 1)}, PutResult{result}, PutEpoch{epoch}})));
  const ResultRecord read = Get(reader_->ResultOf(kTrainJob));
  EXPECT_TRUE(std::isnan(read.metrics.at("none")));
  EXPECT_EQ(read.metrics.at("much"), inf);
  EXPECT_EQ(read.metrics.at("little"), -inf);
  const std::vector<EpochRecord> epochs = Get(reader_->Epochs(kTrainJob, 1));
  ASSERT_EQ(epochs.size(), 1U);
  EXPECT_TRUE(std::isnan(epochs[0].train_loss));
  EXPECT_EQ(epochs[0].val_loss, -inf);
}

TEST_P(StoreContract, PutEpochWritesAndReplaces) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  EpochRecord changed = sample::Epoch(kTrainJob, 1, 1);
  ASSERT_TRUE(IsOk(store_->Commit({PutAttempt{sample::Attempt(kTrainJob, 1)},
                                   PutEpoch{sample::Epoch(kTrainJob, 1, 2)}, PutEpoch{changed}})));
  changed.val_loss = 0.75;
  ASSERT_TRUE(IsOk(store_->Commit({PutEpoch{changed}})));
  EXPECT_THAT(Get(reader_->Epochs(kTrainJob, 1)),
              ElementsAre(changed, sample::Epoch(kTrainJob, 1, 2)));
  EXPECT_THAT(Get(reader_->Epochs(kTrainJob, 2)), IsEmpty());
}

TEST_P(StoreContract, LogLinesAreReadFromALineOn) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  const LogRecord first{kTrainJob, 1, 1, {"a", "b", "c"}};
  const LogRecord second{kTrainJob, 1, 4, {"d"}};
  const LogRecord third{kTrainJob, 1, 5, {"e", "f"}};
  ASSERT_TRUE(IsOk(store_->Commit(
      {PutAttempt{sample::Attempt(kTrainJob, 1)}, PutLog{first}, PutLog{second}, PutLog{third}})));
  EXPECT_THAT(Get(reader_->Log(kTrainJob, 1, 0, 10)), ElementsAre(first, second, third));
  EXPECT_THAT(Get(reader_->Log(kTrainJob, 1, 2, 10)), ElementsAre(first, second, third));
  EXPECT_THAT(Get(reader_->Log(kTrainJob, 1, 3, 10)), ElementsAre(second, third));
  EXPECT_THAT(Get(reader_->Log(kTrainJob, 1, 0, 2)), ElementsAre(first, second));
  EXPECT_THAT(Get(reader_->Log(kTrainJob, 1, 6, 10)), IsEmpty());
  EXPECT_THAT(Get(reader_->Log(kTrainJob, 2, 0, 10)), IsEmpty());
}

TEST_P(StoreContract, AJobHasOneResumeFileOrNone) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  const ResumeRecord first{kTrainJob, 1, "aa", 12, 3};
  const ResumeRecord second{kTrainJob, 1, "bb", 13, 5};
  EXPECT_EQ(Get(reader_->Resume(kTrainJob)), std::nullopt);
  ASSERT_TRUE(IsOk(store_->Commit({PutAttempt{sample::Attempt(kTrainJob, 1)}, PutResume{first}})));
  EXPECT_EQ(Get(reader_->Resume(kTrainJob)), first);
  ASSERT_TRUE(IsOk(store_->Commit({PutResume{second}})));
  EXPECT_EQ(Get(reader_->Resume(kTrainJob)), second);
  ASSERT_TRUE(IsOk(store_->Commit({RemoveResume{kTrainJob}, RemoveResume{kTrainJob}})));
  EXPECT_EQ(Get(reader_->Resume(kTrainJob)), std::nullopt);
}

TEST_P(StoreContract, PutUndecodableIsKeyedByContentAndSpec) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  UndecodableRecord changed = sample::Undecodable("b", "spec");
  ASSERT_TRUE(IsOk(
      store_->Commit({PutUndecodable{changed}, PutUndecodable{sample::Undecodable("a", "spec")},
                      PutUndecodable{sample::Undecodable("b", "other")}})));
  changed.message = "changed";
  changed.job = kTrainJob;
  ASSERT_TRUE(IsOk(store_->Commit({PutUndecodable{changed}})));
  EXPECT_THAT(Get(reader_->Undecodable("spec")),
              ElementsAre(sample::Undecodable("a", "spec"), changed));
}

TEST_P(StoreContract, PutWorkerWritesAndReplacesInOrderOfNames) {
  WorkerRecord renamed = sample::Worker(WorkerId{"a"}, "zeta");
  ASSERT_TRUE(IsOk(store_->Commit({PutWorker{sample::Worker(WorkerId{"c"}, "alpha")},
                                   PutWorker{sample::Worker(WorkerId{"b"}, "alpha")},
                                   PutWorker{sample::Worker(WorkerId{"a"}, "beta")}})));
  ASSERT_TRUE(IsOk(store_->Commit({PutWorker{renamed}})));
  EXPECT_THAT(Get(reader_->Workers()),
              ElementsAre(sample::Worker(WorkerId{"b"}, "alpha"),
                          sample::Worker(WorkerId{"c"}, "alpha"), renamed));
}

TEST_P(StoreContract, PutTokenWritesAndReplacesInOrderOfNames) {
  TokenRecord demoted = sample::Token("11", "zeta");
  demoted.role = Role::kReader;
  demoted.worker = std::nullopt;
  ASSERT_TRUE(IsOk(store_->Commit(
      {PutToken{sample::Token("11", "admin")}, PutToken{sample::Token("22", "beta")}})));
  ASSERT_TRUE(IsOk(store_->Commit({PutToken{demoted}})));
  EXPECT_EQ(Get(reader_->Token("11")), demoted);
  EXPECT_THAT(Get(reader_->Tokens()), ElementsAre(sample::Token("22", "beta"), demoted));
}

TEST_P(StoreContract, ARemovedRunTakesAllThatWasStoredOfIt) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  ASSERT_TRUE(IsOk(store_->Commit({PutAttempt{sample::Attempt(kTrainJob, 1)},
                                   PutResult{sample::Result(kTrainJob, 1)},
                                   PutEpoch{sample::Epoch(kTrainJob, 1, 1)}})));
  ASSERT_TRUE(IsOk(store_->Commit({RemoveRun{kTrainJob}})));
  EXPECT_TRUE(FailsWith(reader_->Job(kTrainJob), ErrorCode::kNotFound, "2"));
  EXPECT_THAT(Get(reader_->Attempts(kTrainJob)), IsEmpty());
  EXPECT_THAT(Get(reader_->Epochs(kTrainJob, 1)), IsEmpty());
  EXPECT_FALSE(reader_->ResultOf(kTrainJob).ok());
  EXPECT_THAT(Get(reader_->ResultsOf(kSweep)), IsEmpty());
  EXPECT_EQ(Get(store_->Load()).last_job_id, kTrainJob.value) << "its number stays taken";
  // Its key is free again, under a new number.
  JobRecord again = sample::TrainJob(kTrainJob);
  again.id = JobId{3};
  EXPECT_TRUE(IsOk(store_->Commit({PutJob{again}})));
}

TEST_P(StoreContract, OnlyRunsAreRemoved) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  EXPECT_TRUE(FailsWith(store_->Commit({RemoveRun{kShardJob}}), ErrorCode::kFailedPrecondition,
                        "everybody's"));
  EXPECT_TRUE(
      FailsWith(store_->Commit({RemoveRun{JobId{99}}}), ErrorCode::kFailedPrecondition, "99"));
  EXPECT_TRUE(IsOk(reader_->Job(kShardJob)));
}

TEST_P(StoreContract, EventsAreNumberedByTheStore) {
  EventRecord first = sample::Event("first");
  first.number = 77;  // not its to say
  EventRecord second = sample::Event("second");
  second.sweep = std::nullopt;
  second.job = std::nullopt;
  second.worker = std::nullopt;
  ASSERT_TRUE(IsOk(store_->Commit({AppendEvent{first}, AppendEvent{second}})));
  first.number = 1;
  second.number = 2;
  EXPECT_THAT(Get(reader_->Events(0, 10)), ElementsAre(first, second));
  EXPECT_THAT(Get(reader_->Events(1, 10)), ElementsAre(second));
  EXPECT_THAT(Get(reader_->Events(0, 1)), ElementsAre(first));
  EXPECT_THAT(Get(reader_->Events(0, 0)), IsEmpty());
}

TEST_P(StoreContract, ARequestIsForgottenAfterADayWhenANewOneComes) {
  constexpr std::int64_t kDayMs = 24 * 3'600'000;
  ASSERT_TRUE(IsOk(store_->Commit({RememberRequest{"a", "reply a", UnixMillis{1000}},
                                   RememberRequest{"b", "reply b", UnixMillis{1001}}})));
  EXPECT_THAT(Get(reader_->RememberedReply("a")), Optional(std::string("reply a")));
  EXPECT_EQ(Get(reader_->RememberedReply("c")), std::nullopt);
  ASSERT_TRUE(IsOk(store_->Commit({RememberRequest{"c", "", UnixMillis{1001 + kDayMs}}})));
  EXPECT_EQ(Get(reader_->RememberedReply("a")), std::nullopt);
  EXPECT_THAT(Get(reader_->RememberedReply("b")), Optional(std::string("reply b")));
  EXPECT_THAT(Get(reader_->RememberedReply("c")), Optional(std::string()));
}

TEST_P(StoreContract, OldRequestsGoAFewAtATimeTheOldestFirst) {
  constexpr std::int64_t kDayMs = 24 * 3'600'000;
  Changes old;
  for (int i = 0; i < 250; ++i) {
    old.push_back(RememberRequest{"old-" + std::to_string(i), "reply", UnixMillis{1000 + i}});
  }
  ASSERT_TRUE(IsOk(store_->Commit(old)));
  for (const int left : {150, 50, 0}) {
    const std::string id = "new-" + std::to_string(left);
    ASSERT_TRUE(IsOk(store_->Commit({RememberRequest{id, "", UnixMillis{2 * kDayMs}}})));
    int found = 0;
    for (int i = 0; i < 250; ++i) {
      found += Get(reader_->RememberedReply("old-" + std::to_string(i))).has_value();
    }
    EXPECT_EQ(found, left);
    EXPECT_EQ(Get(reader_->RememberedReply("old-249")).has_value(), left > 0);
  }
}

TEST_P(StoreContract, ADatasetIsRemovedByItsName) {
  ASSERT_TRUE(IsOk(store_->Commit(
      {PutDataset{sample::Dataset("gtzan")}, PutDataset{sample::Dataset("other")}})));
  ASSERT_TRUE(IsOk(store_->Commit({RemoveDataset{"gtzan"}, RemoveDataset{"never there"}})));
  EXPECT_FALSE(reader_->Dataset("gtzan").ok());
  EXPECT_EQ(Get(store_->Load()).datasets, std::vector{sample::Dataset("other")});
}

TEST_P(StoreContract, AStartLearnsTheShardsOfPreprocessJobs) {
  ASSERT_TRUE(IsOk(store_->Commit(sample::SmallSweep())));
  ResultRecord shard = sample::Result(kShardJob, 1);
  shard.artifacts[1].name = "shard";
  ResultRecord run = sample::Result(kTrainJob, 1);
  run.artifacts[0].name = "shard";  // a run may call a file of its own so
  ASSERT_TRUE(IsOk(store_->Commit({PutAttempt{sample::Attempt(kShardJob, 1)}, PutResult{shard},
                                   PutAttempt{sample::Attempt(kTrainJob, 1)}, PutResult{run}})));
  EXPECT_EQ(Get(store_->Load()).shards,
            (std::vector<StoredShard>{{kShardJob, shard.artifacts[1].blob_hash}}));
}

TEST_P(StoreContract, TextsMayHoldAnything) {
  SweepRecord sweep = sample::Sweep(kSweep);
  sweep.source = "a'; DROP TABLE sweep; --\n\xE2\x82\xAC" + std::string(1, '\0') + "b";
  sweep.dataset = "";
  ASSERT_TRUE(IsOk(store_->Commit({PutSweep{sweep}})));
  EXPECT_EQ(Get(reader_->Sweep(kSweep)), sweep);
}

}  // namespace
}  // namespace tutti
