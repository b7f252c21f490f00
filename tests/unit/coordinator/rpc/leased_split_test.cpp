// No run is trained on a split that puts a song, or what must stay together, on two sides: whatever
// made the split, the run fails for good before anybody is asked to train it. The coordinator's own
// writer, hub and lease builder over a store in memory.
#include <algorithm>
#include <functional>
#include <future>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/hash.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/blobs/blob_upload.h"
#include "coordinator/rpc/lease_builder.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/store/memory_store.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/writer/writer.h"
#include "tests/support/core_harness.h"
#include "tests/support/program.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;

const WorkerId kWorker{"w"};

// A worker's stream: what was sent to it. Thread-safe.
class SentLeases final : public WorkerSession {
 public:
  void Send(v1::CoordinatorFrame frame) override {
    const std::lock_guard lock(mutex_);
    leases_.insert(leases_.end(), frame.leases().begin(), frame.leases().end());
  }
  void Close(const Error&) override {}

  std::vector<v1::Lease> Of(v1::JobKind kind) const {
    const std::lock_guard lock(mutex_);
    std::vector<v1::Lease> found;
    for (const v1::Lease& lease : leases_) {
      if (lease.kind() == kind) found.push_back(lease);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<v1::Lease> leases_;
};

// From a submit of one run to what becomes of it.
class Fleet {
 public:
  Fleet(const Manifest& manifest, const std::string& split_kind, SplitMaker make_split)
      : blobs_(*BlobStore::Open(files_, folder_ / "blobs")),
        readers_(store_, {}),
        manifests_(*blobs_),
        leases_(manifests_, std::move(make_split)),
        writer_(store_, clock_, Options()),
        hub_(writer_, leases_, readers_, clock_, milliseconds(30'000)) {
    EXPECT_TRUE(IsOk(writer_.Start(hub_)));
    hub_.Start();
    const std::string version = PutBlob(DumpManifest(manifest));
    SweepSpec spec = MakeSweepSpec("s", {"rnn"}, {333});
    spec.options["split"]["kind"] = split_kind;
    Decide([&](Core& core, Moment now, Changes& changes) {
      DatasetRecord dataset;
      dataset.name = spec.dataset;
      dataset.version = version;
      core.RegisterDataset(dataset, now, changes);
      EXPECT_TRUE(IsOk(core.Submit({spec, "name: s\n", version, manifest}, now, changes)));
    });
  }
  ~Fleet() {
    hub_.Stop();
    writer_.Stop();
  }

  // Makes the features; true where a training was then sent to the worker, false where it failed.
  bool MakeFeaturesAndSeeWhetherItTrains() {
    hub_.Add(kWorker, 1, worker_);
    WorkerHello hello;
    hello.name = "w";
    hello.slots = 1;
    hello.cores = 1;
    hello.kinds = {JobKind::kPreprocess, JobKind::kTrain};
    WorkerFrame frame;
    frame.worker = kWorker;
    frame.session = 1;
    frame.hello = hello;
    frame.free_slots = 1;
    Apply(frame);
    EXPECT_TRUE(Eventually([&] { return !worker_->Of(v1::JOB_KIND_PREPROCESS).empty(); }));
    const v1::Lease features = worker_->Of(v1::JOB_KIND_PREPROCESS).at(0);
    const AttemptKey attempt{JobId{features.attempt().job_id()}, features.attempt().attempt()};
    frame.hello.reset();
    frame.events = {{attempt, 1, {}, AttemptStarted{"cpu"}}, {attempt, 2, {}, ShardResult()}};
    Apply(frame);
    EXPECT_TRUE(Eventually([&] {
      return Run().phase == JobPhase::kFailed || !worker_->Of(v1::JOB_KIND_TRAIN).empty();
    }));
    return !worker_->Of(v1::JOB_KIND_TRAIN).empty();
  }

  JobRecord Run() {
    JobFilter runs;
    runs.kind = JobKind::kTrain;
    return (*Reader()->Jobs(runs)).at(0);
  }
  std::vector<AttemptRecord> AttemptsOfRun() { return *Reader()->Attempts(Run().id); }

 private:
  static WriterOptions Options() {
    WriterOptions options;
    options.core.tracks_per_shard = 1'000;  // one job makes all features
    return options;
  }
  std::unique_ptr<StoreReader> Reader() { return *store_.OpenReader(); }
  std::string PutBlob(const std::string& bytes) {
    std::string hash = Sha256Hex(bytes);
    const auto upload = blobs_->BeginUpload(hash, static_cast<std::int64_t>(bytes.size()));
    EXPECT_TRUE(IsOk((*upload)->Append(bytes)));
    EXPECT_TRUE(IsOk((*upload)->Commit()));
    return hash;
  }
  void Decide(Writer::Decide decide) {
    std::promise<Status> done;
    writer_.Post(std::move(decide), [&done](const Status& status) { done.set_value(status); });
    EXPECT_TRUE(IsOk(done.get_future().get()));
  }
  void Apply(const WorkerFrame& frame) {
    Decide([&](Core& core, Moment now, Changes& changes) {
      EXPECT_TRUE(IsOk(core.ApplyFrame(frame, now, changes)));
    });
  }

  TempDir folder_;
  PosixFileSystem files_;
  SystemClock clock_;
  MemoryStore store_;
  std::unique_ptr<BlobStore> blobs_;
  ReaderPool readers_;
  ManifestCache manifests_;
  LeaseBuilder leases_;
  Writer writer_;
  SessionHub hub_;
  std::shared_ptr<SentLeases> worker_ = std::make_shared<SentLeases>();
};

Manifest Songs() {
  return MakeManifest(60, {"blues", "jazz", "rock"});
}

// Of two and two songs, by one artist each, or each a copy of the other.
Manifest PairsByOneArtist() {
  Manifest manifest = Songs();
  for (std::size_t i = 0; i < manifest.tracks.size(); ++i) {
    manifest.tracks[i].group = "artist " + std::to_string(i / 2);
  }
  return manifest;
}
Manifest PairsOfOneContent() {
  Manifest manifest = Songs();
  for (std::size_t i = 1; i < manifest.tracks.size(); i += 2) {
    manifest.tracks[i].content_hash = manifest.tracks[i - 1].content_hash;
  }
  return manifest;
}

struct Fault {
  std::string name;
  std::string split_kind;
  Manifest manifest;
  std::function<void(Split&)> plant;
  std::string told;  // part of what the run failed for
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

void TestOnASongOfTraining(Split& split) {
  split.test.push_back(split.train.front());
}
// Its other half stays.
void MoveASongToTheTest(Split& split) {
  split.test.push_back(split.train.back());
  split.train.pop_back();
}

class PlantedSplit : public testing::TestWithParam<Fault> {};

TEST_P(PlantedSplit, FailsTheRunForGoodBeforeAnyTraining) {
  const Fault& fault = GetParam();
  Fleet fleet(fault.manifest, fault.split_kind,
              [&](std::span<const SplitTrack> tracks, const SplitOptions& options) {
                Result<Split> split = MakeSplit(tracks, options);
                if (split.ok()) fault.plant(*split);
                return split;
              });
  ASSERT_FALSE(fleet.MakeFeaturesAndSeeWhetherItTrains()) << "a worker was asked to train on it";
  EXPECT_EQ(fleet.Run().phase, JobPhase::kFailed);
  const auto attempts = fleet.AttemptsOfRun();
  ASSERT_EQ(attempts.size(), 1U) << "such a failure is never retried";
  EXPECT_EQ(attempts[0].failure, FailureClass::kBadData);
  EXPECT_THAT(attempts[0].message, testing::HasSubstr(fault.told));
  EXPECT_THAT(attempts[0].message, testing::ContainsRegex("[0-9]+\\.wav in train"))
      << "the song is named";
}

INSTANTIATE_TEST_SUITE_P(
    Faults, PlantedSplit,
    testing::Values(Fault{"a_song_of_training_in_the_test", "stratified", Songs(),
                          TestOnASongOfTraining, "is there twice"},
                    Fault{"a_song_of_training_in_the_test_of_a_fold", "kfold", Songs(),
                          TestOnASongOfTraining, "is there twice"},
                    Fault{"a_song_on_two_sides_of_groups", "grouped", PairsByOneArtist(),
                          TestOnASongOfTraining, "is there twice"},
                    Fault{"a_group_on_two_sides", "grouped", PairsByOneArtist(), MoveASongToTheTest,
                          "group artist"},
                    Fault{"a_content_on_two_sides", "grouped", PairsOfOneContent(),
                          MoveASongToTheTest, "content "}),
    [](const auto& fault) { return fault.param.name; });

TEST(LeasedSplit, OneWithoutFaultIsTrainedUnderEveryKind) {
  for (const char* kind : {"stratified", "kfold", "grouped"}) {
    Fleet fleet(PairsByOneArtist(), kind, MakeSplit);
    EXPECT_TRUE(fleet.MakeFeaturesAndSeeWhetherItTrains())
        << kind << ": " << testing::PrintToString(fleet.AttemptsOfRun().at(0).message);
  }
}

}  // namespace
}  // namespace tutti
