// Whatever batches come, good or bad: the memory store and the database answer every question
// alike.
#include <rapidcheck.h>
#include <source_location>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "coordinator/store/memory_store.h"
#include "coordinator/store/sqlite_store.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

// Small, so that rows meet; one more than is ever put, so that references dangle.
constexpr std::int64_t kMaxSweep = 3;
constexpr std::int64_t kMaxFeatureSet = 2;
constexpr std::int64_t kMaxJob = 6;
constexpr AttemptNumber kMaxAttempt = 2;

std::int64_t Number(std::int64_t up_to) {
  return *rc::gen::inRange<std::int64_t>(1, up_to + 1);
}
std::string Text() {
  return *rc::gen::element<std::string>("", "a", "b", "key-2", "größe", std::string("x\0y", 3));
}
double Real() {
  return *rc::gen::element(0.0, -1.5, 1.0 / 3, 1e300, 4e-310);
}
JobPhase Phase() {
  using enum JobPhase;
  return *rc::gen::element(kBlocked, kReady, kLeased, kRunning, kSucceeded, kFailed, kCancelled);
}
template <class T>
std::optional<T> Maybe(T value) {
  return *rc::gen::arbitrary<bool>() ? std::optional<T>(std::move(value)) : std::nullopt;
}
SweepId AnySweep() {
  return SweepId{Number(kMaxSweep)};
}
JobId AnyJob() {
  return JobId{Number(kMaxJob)};
}
AttemptNumber AnyAttempt() {
  return static_cast<AttemptNumber>(Number(kMaxAttempt));
}

JobRecord RandomJob() {
  JobRecord job = sample::TrainJob(AnyJob(), AnySweep());
  job.kind = *rc::gen::element(JobKind::kPreprocess, JobKind::kTrain, JobKind::kCommand);
  job.feature_set = Maybe(FeatureSetId{Number(kMaxFeatureSet)});
  job.key = "key-" + std::to_string(Number(2 * kMaxJob));
  job.config_json = Text();
  job.phase = Phase();
  job.worker = Maybe(WorkerId{Text()});
  job.failure = Maybe(FailureClass::kTimedOut);
  return job;
}

FeatureSetRecord RandomFeatureSet() {
  return sample::FeatureSet(FeatureSetId{Number(kMaxFeatureSet)},
                            *rc::gen::container<std::vector<JobId>>(rc::gen::exec(AnyJob)));
}

AttemptRecord RandomAttempt() {
  using enum AttemptOutcome;
  AttemptRecord attempt = sample::Attempt(
      AnyJob(), AnyAttempt(), *rc::gen::element(kLeased, kRunning, kSucceeded, kLost, kReturned));
  attempt.log_tail = *rc::gen::container<std::vector<std::string>>(rc::gen::exec(Text));
  return attempt;
}

ResultRecord RandomResult() {
  ResultRecord result = sample::Result(AnyJob(), AnyAttempt(), Number(3));
  result.metrics[Text()] = Real();
  result.timings_seconds[Text()] = Real();
  result.environment[Text()] = Text();
  if (*rc::gen::arbitrary<bool>()) result.predictions.clear();
  if (*rc::gen::arbitrary<bool>()) result.artifacts[0].name = "shard";
  return result;
}

EpochRecord RandomEpoch() {
  EpochRecord epoch = sample::Epoch(AnyJob(), AnyAttempt(), static_cast<std::int32_t>(Number(3)));
  epoch.val_loss = Real();
  return epoch;
}

EventRecord RandomEvent() {
  EventRecord event = sample::Event(Text());
  event.sweep = Maybe(AnySweep());
  event.job = Maybe(AnyJob());
  return event;
}

Change RandomRowOfAPlan() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return PutSweep{sample::Sweep(AnySweep(), Number(3))};
    case 1:
      return PutFeatureSet{RandomFeatureSet()};
    case 2:
      return sample::Update(AnyJob(), Phase());
    case 3:
      return RemoveRun{AnyJob()};
    default:
      return PutJob{RandomJob()};
  }
}

Change RandomRowOfWork() {
  switch (*rc::gen::inRange(0, 8)) {
    case 6:
      return MarkArtifactRemoved{AnyJob(), "best", UnixMillis{1 + Number(9)}};
    case 0:
      return PutAttempt{RandomAttempt()};
    case 1:
      return PutResult{RandomResult()};
    case 2:
      return PutEpoch{RandomEpoch()};
    case 4:
      return PutResume{{AnyJob(), AnyAttempt(), Text(), Number(9), 3}};
    case 5:
      return RemoveResume{AnyJob()};
    case 3:  // rows of a log never overlap
      return PutLog{{AnyJob(), AnyAttempt(), 2 * Number(3) - 1, {Text(), Text()}}};
    default:
      return PutUndecodable{sample::Undecodable(Text(), Text(), AnyJob())};
  }
}

Change RandomRowOfTheHouse() {
  constexpr std::int64_t kHourMs = 3'600'000;
  switch (*rc::gen::inRange(0, 7)) {
    case 6:
      return RemoveToken{Text()};
    case 5:
      return RemoveDataset{Text()};
    case 0:
      return PutDataset{sample::Dataset(Text(), Number(3))};
    case 1:
      return PutWorker{sample::Worker(WorkerId{Text()}, Text())};
    case 2:
      return PutToken{sample::Token(Text(), Text())};
    case 3:
      return AppendEvent{RandomEvent()};
    default:
      return RememberRequest{Text(), Text(), UnixMillis{kHourMs * Number(60)}};
  }
}

Change RandomChange() {
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return RandomRowOfAPlan();
    case 1:
      return RandomRowOfWork();
    default:
      return RandomRowOfTheHouse();
  }
}

// Enough for most references to hold.
Changes Ground() {
  Changes changes = sample::SmallSweep();
  changes.push_back(PutSweep{sample::Sweep(SweepId{2})});
  changes.push_back(PutJob{sample::TrainJob(JobId{3})});
  changes.push_back(PutJob{sample::CommandJob(JobId{4}, SweepId{2})});
  for (const std::int64_t job : {1, 2, 3, 4}) {
    changes.push_back(PutAttempt{sample::Attempt(JobId{job}, 1)});
  }
  return changes;
}

template <class T>
void SameAnswer(const Result<T>& a, const Result<T>& b,
                std::source_location asked = std::source_location::current()) {
  RC_LOG() << "asked in line " << asked.line() << "\n";
  RC_ASSERT(a.ok() == b.ok());
  if (a.ok()) {
    RC_ASSERT(*a == *b);
  } else {
    RC_ASSERT(a.error() == b.error());
  }
}

void SameState(const StoredState& a, const StoredState& b) {
  RC_ASSERT(a.sweeps == b.sweeps);
  RC_ASSERT(a.feature_sets == b.feature_sets);
  RC_ASSERT(a.jobs == b.jobs);
  RC_ASSERT(a.live_attempts == b.live_attempts);
  RC_ASSERT(a.undecodable == b.undecodable);
  RC_ASSERT(a.workers == b.workers);
  RC_ASSERT(a.last_sweep_id == b.last_sweep_id);
  RC_ASSERT(a.last_feature_set_id == b.last_feature_set_id);
  RC_ASSERT(a.last_job_id == b.last_job_id);
}

void SameAboutSweeps(StoreReader& a, StoreReader& b) {
  SameAnswer(a.Sweeps(), b.Sweeps());
  for (std::int64_t id = 1; id <= kMaxSweep; ++id) {
    const SweepId sweep{id};
    SameAnswer(a.Sweep(sweep), b.Sweep(sweep));
    SameAnswer(a.Sweep("sweep-" + std::to_string(id)), b.Sweep("sweep-" + std::to_string(id)));
    SameAnswer(a.CountRuns(sweep), b.CountRuns(sweep));
    SameAnswer(a.FeatureSetsOf(sweep), b.FeatureSetsOf(sweep));
    SameAnswer(a.ResultsOf(sweep), b.ResultsOf(sweep));
  }
  for (std::int64_t id = 1; id <= kMaxFeatureSet; ++id) {
    SameAnswer(a.FeatureSet(FeatureSetId{id}), b.FeatureSet(FeatureSetId{id}));
  }
}

void SameAboutJobs(StoreReader& a, StoreReader& b) {
  for (std::int64_t id = 1; id <= kMaxJob; ++id) {
    const JobId job{id};
    SameAnswer(a.Job(job), b.Job(job));
    SameAnswer(a.Attempts(job), b.Attempts(job));
    SameAnswer(a.ResultOf(job), b.ResultOf(job));
    SameAnswer(a.LastEpoch(job), b.LastEpoch(job));
    SameAnswer(a.Resume(job), b.Resume(job));
    for (AttemptNumber attempt = 1; attempt <= kMaxAttempt; ++attempt) {
      SameAnswer(a.Epochs(job, attempt), b.Epochs(job, attempt));
      SameAnswer(a.Log(job, attempt, 2, 2), b.Log(job, attempt, 2, 2));
    }
  }
  for (int i = 0; i < 5; ++i) {
    JobFilter filter;
    filter.sweep = Maybe(AnySweep());
    filter.kind = Maybe(*rc::gen::element(JobKind::kPreprocess, JobKind::kTrain));
    filter.phases = *rc::gen::container<std::vector<JobPhase>>(rc::gen::exec(Phase));
    filter.after = JobId{Number(kMaxJob) - 1};
    filter.limit = Number(kMaxJob) - 1;
    SameAnswer(a.Jobs(filter), b.Jobs(filter));
  }
}

void SameAboutTheRest(StoreReader& a, StoreReader& b) {
  SameAnswer(a.Datasets(), b.Datasets());
  SameAnswer(a.Workers(), b.Workers());
  SameAnswer(a.Tokens(), b.Tokens());
  const std::int64_t after = Number(5) - 1;
  const std::int64_t limit = Number(5) - 1;
  SameAnswer(a.Events(after, limit), b.Events(after, limit));
  const std::string text = Text();
  SameAnswer(a.Dataset(text), b.Dataset(text));
  SameAnswer(a.Token(text), b.Token(text));
  SameAnswer(a.Undecodable(text), b.Undecodable(text));
  SameAnswer(a.RememberedReply(text), b.RememberedReply(text));
}

RC_GTEST_PROP(StoreProperty, BothStoresAnswerAlike, ()) {
  const TempDir folder;
  MemoryStore memory;
  const auto sqlite = Get(SqliteStore::Open(folder / "state.db"));
  const auto memory_reader = Get(memory.OpenReader());
  const auto sqlite_reader = Get(sqlite->OpenReader());
  RC_ASSERT(memory.Commit(Ground()).ok());
  RC_ASSERT(sqlite->Commit(Ground()).ok());
  const int batches = *rc::gen::inRange(1, 12);
  int committed = 0;
  for (int i = 0; i < batches; ++i) {
    Changes changes;
    const int size = *rc::gen::inRange(1, 5);
    for (int j = 0; j < size; ++j) changes.push_back(RandomChange());
    const Status in_memory = memory.Commit(changes);
    const Status in_sqlite = sqlite->Commit(changes);
    RC_ASSERT(in_memory.ok() == in_sqlite.ok());
    if (in_memory.ok()) {
      ++committed;
    } else {
      RC_ASSERT(in_memory.error().code == in_sqlite.error().code);
    }
    SameState(Get(memory.Load()), Get(sqlite->Load()));
  }
  RC_CLASSIFY(committed > 0, "some batch committed");
  RC_CLASSIFY(committed < batches, "some batch refused");
  SameAboutSweeps(*memory_reader, *sqlite_reader);
  SameAboutJobs(*memory_reader, *sqlite_reader);
  SameAboutTheRest(*memory_reader, *sqlite_reader);
}

}  // namespace
}  // namespace tutti
