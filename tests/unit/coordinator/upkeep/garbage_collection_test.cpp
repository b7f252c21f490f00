// Uploads, commits and collections in every order: what a row names is there, what nothing names
// goes.
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "common/check.h"
#include "common/hash.h"
#include "common/manifest.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/blobs/blob_upload.h"
#include "coordinator/store/memory_store.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/upkeep/collection.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/coordinator/store/sample_rows.h"
#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPin = 1h;
constexpr std::chrono::milliseconds kSettle = 10min;
const WorkerId kWorker{"w"};

// As Get, of what cannot be made from nothing.
template <class T>
T Must(Result<T> result) {
  TUTTI_CHECK(result.ok(), result.ok() ? "" : result.error().message);
  return *std::move(result);
}

// A state folder with real blobs; no sweep names a dataset unless a test says so.
class GarbageCollection : public testing::Test {
 protected:
  GarbageCollection() { Start(std::make_unique<MemoryStore>()); }

  void Start(std::unique_ptr<Store> store) {
    store_ = std::move(store);
    SweepRecord sweep = sample::Sweep(sample::kSweep);
    sweep.dataset_version.clear();
    Commit({PutSweep{sweep}});
    Restart();
  }
  // Pins are forgotten, as after a kill.
  void Restart() {
    collection_.reset();
    keeper_.reset();
    blobs_ = Get(BlobStore::Open(files_, folder_ / "blobs"));
    keeper_ = std::make_unique<BlobKeeper>(*blobs_, clock_, BlobKeeperOptions{kPin, kSettle});
  }
  void Commit(const Changes& changes) { ASSERT_TRUE(IsOk(store_->Commit(changes))); }

  // As a client does: told that it is there, or sent. Gives its hash.
  std::string Upload(const std::string& bytes, const std::optional<WorkerId>& worker = {}) {
    const std::string hash = Sha256Hex(bytes);
    if (Get(keeper_->Pin(hash, worker))) return hash;
    const auto upload = Get(blobs_->BeginUpload(hash, std::ssize(bytes)));
    EXPECT_TRUE(IsOk(upload->Append(bytes)));
    EXPECT_TRUE(IsOk(upload->Commit()));
    return hash;
  }
  bool Has(const std::string& hash) { return Get(blobs_->Has(hash)); }

  // A run whose result names the blob.
  static Changes ResultNaming(JobId id, const std::string& hash) {
    JobRecord job = sample::TrainJob(id);
    job.phase = JobPhase::kSucceeded;
    ResultRecord result = sample::Result(id, 1);
    result.artifacts = {{"best", hash, 1}};
    return {PutJob{job}, PutAttempt{sample::Attempt(id, 1, AttemptOutcome::kSucceeded)},
            PutResult{result}};
  }

  void Begin(const std::optional<LiveAttempts>& live = LiveAttempts{}) {
    collection_.reset();
    collection_.emplace(Must(Collection::Begin(files_, folder_.path(), *blobs_, *keeper_, live)));
  }
  void ReadNames() {
    const auto reader = Get(store_->OpenReader());
    ASSERT_TRUE(IsOk(collection_->ReadNames(*reader)));
  }
  CollectionReport Collect(const std::optional<LiveAttempts>& live = LiveAttempts{}) {
    Begin(live);
    ReadNames();
    for (int folder = 0; folder < kBlobFolders; ++folder) {
      EXPECT_TRUE(IsOk(collection_->RemoveFrom(folder)));
    }
    const CollectionReport report = collection_->report();
    collection_.reset();
    return report;
  }
  // Long enough that only a name, a hold or a running attempt keeps a blob.
  void CollectUntilSettled(const std::optional<LiveAttempts>& live = LiveAttempts{}) {
    for (int i = 0; i < 3; ++i) {
      Collect(live);
      clock_.Advance(kPin + 1ms);
    }
    Collect(live);
  }

  TempDir folder_;
  PosixFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<BlobKeeper> keeper_;
  std::optional<Collection> collection_;
};

TEST_F(GarbageCollection, WhatARowNamesStaysAndWhatNothingNamesGoes) {
  const std::string named = Upload("named");
  const std::string garbage = Upload("garbage");
  Commit(ResultNaming(JobId{1}, named));
  CollectUntilSettled();
  EXPECT_TRUE(Has(named));
  EXPECT_FALSE(Has(garbage));
}

TEST_F(GarbageCollection, AnUploadWaitsForItsNameAsLongAsItsPin) {
  const std::string hash = Upload("waits");
  Collect();
  clock_.Advance(kPin - 1ms);
  EXPECT_EQ(Collect().removed, 0);
  EXPECT_TRUE(Has(hash));
  clock_.Advance(2ms);
  const CollectionReport report = Collect();
  EXPECT_EQ(report.removed, 1);
  EXPECT_EQ(report.removed_bytes, 5);
  EXPECT_FALSE(Has(hash));
}

TEST_F(GarbageCollection, BeingToldThatABlobIsThereIsAPinToo) {
  const std::string hash = Upload("old");
  Collect();
  clock_.Advance(kPin - 1ms);
  EXPECT_TRUE(Get(keeper_->Pin(hash, {})));
  clock_.Advance(kPin - 1ms);
  Collect();
  EXPECT_TRUE(Has(hash));
}

TEST_F(GarbageCollection, AnUploadOfAWorkerStaysUntilWhatRanThereHasEnded) {
  const std::string hash = Upload("weights", kWorker);
  const LiveAttempts live{{kWorker, {{JobId{1}, 1}}}};
  const LiveAttempts next{{kWorker, {{JobId{2}, 1}}}};
  CollectUntilSettled(live);
  EXPECT_TRUE(Has(hash)) << "its attempt runs";
  CollectUntilSettled(std::nullopt);
  EXPECT_TRUE(Has(hash)) << "nobody knows whether it runs";
  CollectUntilSettled(next);
  EXPECT_FALSE(Has(hash)) << "only a later attempt runs";
}

TEST_F(GarbageCollection, AHoldKeepsABlobThatItsCommitThenNames) {
  const std::string hash = Upload("held");
  {
    const BlobHold hold = Must(keeper_->Hold({hash}));
    EXPECT_TRUE(hold.missing().empty());
    CollectUntilSettled();
    EXPECT_TRUE(Has(hash));
    Begin();
    ReadNames();  // knows nothing of the row yet
    Commit(ResultNaming(JobId{1}, hash));
  }
  for (int folder = 0; folder < kBlobFolders; ++folder) {
    ASSERT_TRUE(IsOk(collection_->RemoveFrom(folder)));
  }
  EXPECT_TRUE(Has(hash)) << "named after the rows were read";
  CollectUntilSettled();
  EXPECT_TRUE(Has(hash));
}

TEST_F(GarbageCollection, AHoldSaysWhatIsNotThere) {
  const std::string there = Upload("there");
  const std::string never = Sha256Hex("never sent");
  const BlobHold hold = Must(keeper_->Hold({there, never}));
  EXPECT_THAT(hold.missing(), testing::ElementsAre(never));
  EXPECT_TRUE(FailsWith(keeper_->Hold({"../../etc/passwd"}), ErrorCode::kInvalidArgument,
                        "64 lower-case hex digits"));
}

TEST_F(GarbageCollection, AfterARestartWhatWasUploadedBeforeHasTimeToBeNamed) {
  const std::string hash = Upload("finished while the coordinator died");
  Restart();
  Collect();
  clock_.Advance(kSettle - 1ms);
  Collect();
  EXPECT_TRUE(Has(hash));
}

TEST_F(GarbageCollection, ADatasetKeepsItsTracksAndASupersededVersionLetsThemGo) {
  const auto version_of = [&](const std::string& sound) {
    const Manifest manifest{{"bell"}, {{"bell/1.wav", sound.size(), Upload(sound), 0, "", ""}}, ""};
    return Upload(DumpManifest(manifest));
  };
  DatasetRecord dataset = sample::Dataset("music");
  dataset.version = version_of("first");
  const std::string first = dataset.version;
  Commit({PutDataset{dataset}});
  CollectUntilSettled();
  EXPECT_TRUE(Has(first));
  EXPECT_TRUE(Has(Sha256Hex("first")));
  dataset.version = version_of("second");
  Commit({PutDataset{dataset}});
  CollectUntilSettled();
  EXPECT_FALSE(Has(first));
  EXPECT_FALSE(Has(Sha256Hex("first")));
  EXPECT_TRUE(Has(Sha256Hex("second")));
}

TEST_F(GarbageCollection, ADeletedSweepLetsItsProgramAndItsDatasetGo) {
  const std::string program = Upload("print('hello')");
  SweepRecord sweep = sample::Sweep(SweepId{7});
  sweep.dataset_version.clear();
  sweep.spec_json = R"({"options":{"runner":{"files":[{"path":"a.py","hash":")" + program +
                    R"(","executable":false}]}}})";
  Commit({PutSweep{sweep}});
  CollectUntilSettled();
  EXPECT_TRUE(Has(program));
  sweep.state = SweepState::kDeleted;
  Commit({PutSweep{sweep}});
  CollectUntilSettled();
  EXPECT_FALSE(Has(program));
}

TEST_F(GarbageCollection, ASupersededResumeFileGoes) {
  Commit({PutJob{sample::TrainJob(JobId{1})}, PutAttempt{sample::Attempt(JobId{1}, 1)}});
  const std::string first = Upload("epoch 1");
  Commit({PutResume{{JobId{1}, 1, first, 7, 1}}});
  CollectUntilSettled();
  EXPECT_TRUE(Has(first));
  const std::string second = Upload("epoch 2");
  Commit({PutResume{{JobId{1}, 1, second, 7, 2}}});
  CollectUntilSettled();
  EXPECT_FALSE(Has(first));
  EXPECT_TRUE(Has(second));
}

TEST_F(GarbageCollection, WhereAManifestCannotBeReadNothingIsRemoved) {
  const std::string garbage = Upload("garbage");
  DatasetRecord dataset = sample::Dataset("music");
  dataset.version = Sha256Hex("lost");
  Commit({PutDataset{dataset}});
  Begin();
  const auto reader = Get(store_->OpenReader());
  EXPECT_TRUE(FailsWith(collection_->ReadNames(*reader), ErrorCode::kNotFound, dataset.version));
  EXPECT_TRUE(Has(garbage));
}

TEST_F(GarbageCollection, NothingIsRemovedWhileABackupIsMade) {
  const auto backup = Get(files_.Lock(folder_ / kBlobsLock));
  EXPECT_TRUE(
      FailsWith(Collection::Begin(files_, folder_.path(), *blobs_, *keeper_, LiveAttempts{}),
                ErrorCode::kFailedPrecondition, "another process holds it"));
}

// One seed: many short lives of few blobs, each step of each of them in any order with each step
// of collections, starts and time.
class Interleaving {
 public:
  Interleaving(std::uint32_t seed, Store& store, const std::filesystem::path& folder)
      : random_(seed), store_(store), folder_(folder) {
    SweepRecord sweep = sample::Sweep(sample::kSweep);
    sweep.dataset_version.clear();
    EXPECT_TRUE(IsOk(store_.Commit({PutSweep{sweep}})));
    Restart();
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      Step();
      for (const auto& [job, hash] : named_) {
        ASSERT_TRUE(Get(blobs_->Has(hash)))
            << "step " << i << " (" << last_ << "): job " << job.value << " names blob " << hash
            << ", which was removed";
      }
    }
    Quiesce();
  }

 private:
  struct Naming {  // a commit on its way
    std::string hash;
    BlobHold hold;
  };

  std::string BytesOf(std::uint32_t i) { return "blob " + std::to_string(i % kBlobs); }

  void Restart() {
    collection_.reset();
    namings_.clear();
    keeper_.reset();
    blobs_ = Get(BlobStore::Open(files_, folder_ / "blobs"));
    keeper_ = std::make_unique<BlobKeeper>(*blobs_, clock_, BlobKeeperOptions{kPin, kSettle});
  }

  void Step() {
    switch (random_() % 10) {
      case 0:
      case 1:
        return Upload();
      case 2:
      case 3:
        return Hold();
      case 4:
      case 5:
        return CommitOne();
      case 6:
        return RemoveOne();
      case 7:
        last_ = "time";
        return clock_.Advance(std::chrono::minutes(random_() % 90));
      case 8:
        if (random_() % 40 == 0) return Restart();
        return Collect();
      default:
        return Collect();
    }
  }
  void Upload() {
    last_ = "upload";
    const std::string bytes = BytesOf(random_());
    const std::string hash = Sha256Hex(bytes);
    if (Get(keeper_->Pin(hash, {}))) return;
    const auto upload = Get(blobs_->BeginUpload(hash, std::ssize(bytes)));
    ASSERT_TRUE(IsOk(upload->Append(bytes)));
    ASSERT_TRUE(IsOk(upload->Commit()));
  }
  void Hold() {
    last_ = "hold";
    const std::string hash = Sha256Hex(BytesOf(random_()));
    BlobHold hold = Must(keeper_->Hold({hash}));
    if (hold.missing().empty()) namings_.push_back({hash, std::move(hold)});
  }
  void CommitOne() {
    last_ = "commit";
    if (namings_.empty()) return;
    const JobId id{next_job_++};
    ResultRecord result = sample::Result(id, 1);
    result.artifacts = {{"best", namings_.front().hash, 1}};
    ASSERT_TRUE(IsOk(store_.Commit(
        {PutJob{sample::TrainJob(id)}, PutAttempt{sample::Attempt(id, 1)}, PutResult{result}})));
    named_[id] = namings_.front().hash;
    namings_.pop_front();
  }
  void RemoveOne() {
    last_ = "remove";
    if (named_.empty()) return;
    const auto one = std::next(named_.begin(), random_() % named_.size());
    ASSERT_TRUE(IsOk(store_.Commit({RemoveRun{one->first}})));
    named_.erase(one);
  }
  // The next of a collection's steps; the folders in a few pieces.
  void Collect() {
    last_ = "collect";
    if (!collection_) {
      collection_.emplace(
          Must(Collection::Begin(files_, folder_, *blobs_, *keeper_, LiveAttempts{})));
      stage_ = -1;
    } else if (stage_ == -1) {
      const auto reader = Get(store_.OpenReader());
      ASSERT_TRUE(IsOk(collection_->ReadNames(*reader)));
      stage_ = 0;
    } else {
      for (int i = 0; i < kBlobFolders / 4; ++i) {
        ASSERT_TRUE(IsOk(collection_->RemoveFrom(stage_++)));
      }
      removed_ = true;
      if (stage_ == kBlobFolders) collection_.reset();
    }
  }
  // Left alone, exactly what is named is there.
  void Quiesce() {
    namings_.clear();
    collection_.reset();
    for (int round = 0; round < 3; ++round) {
      do Collect();
      while (collection_);
      clock_.Advance(kPin + 1ms);
    }
    do Collect();
    while (collection_);
    std::set<std::string> expected;
    for (const auto& [job, hash] : named_) expected.insert(hash);
    for (std::uint32_t i = 0; i < kBlobs; ++i) {
      const std::string hash = Sha256Hex(BytesOf(i));
      EXPECT_EQ(Get(blobs_->Has(hash)), expected.contains(hash)) << hash;
    }
    EXPECT_TRUE(removed_);
  }

  static constexpr std::uint32_t kBlobs = 6;

  std::mt19937 random_;
  Store& store_;
  const std::filesystem::path folder_;
  PosixFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<BlobKeeper> keeper_;
  std::optional<Collection> collection_;
  int stage_ = -1;
  std::deque<Naming> namings_;
  std::map<JobId, std::string> named_;
  std::int64_t next_job_ = 1;
  bool removed_ = false;
  std::string last_;
};

TEST_F(GarbageCollection, NoInterleavingRemovesABlobThatARowNames) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const TempDir folder;
    MemoryStore store;
    Interleaving(seed, store, folder.path()).Run(600);
    if (testing::Test::HasFailure()) return;
  }
}

TEST_F(GarbageCollection, NoInterleavingRemovesABlobThatARowOfTheDatabaseNames) {
  for (std::uint32_t seed = 101; seed <= 105; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const TempDir folder;
    const auto store = Get(SqliteStore::Open(folder / "tutti.db"));
    Interleaving(seed, *store, folder.path()).Run(400);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace tutti
