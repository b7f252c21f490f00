#include "worker/daemon/executor.h"

#include <algorithm>
#include <map>
#include <unistd.h>

#include <gmock/gmock.h>

#include "common/json.h"
#include "tests/support/result_matchers.h"
#include "tests/unit/worker/daemon/folder_transport.h"
#include "tests/unit/worker/daemon/loop_fixture.h"
#include "worker/daemon/gpu_load.h"

namespace tutti {
namespace {

// Writes one word an event; keeps how each attempt ended.
class RecordingListener final : public AttemptListener {
 public:
  void OnRunning(const AttemptId& id, const std::string&) override {
    words.push_back(FileName(id) + " running");
  }
  void OnProgress(const AttemptId& id, const v1::Progress& progress) override {
    words.push_back(FileName(id) + " progress " + std::to_string(progress.done()));
  }
  void OnEpoch(const AttemptId& id, const v1::EpochPoint& epoch) override {
    words.push_back(FileName(id) + " epoch " + std::to_string(epoch.epoch()));
  }
  void OnLogLine(const AttemptId&, const std::string& line) override { lines.push_back(line); }
  void OnResumeFile(const AttemptId& id, const v1::ResumeFile& file) override {
    words.push_back(FileName(id) + " resume " + std::to_string(file.epoch()));
  }
  void OnHalted(const AttemptId& id) override { words.push_back(FileName(id) + " halted"); }
  void OnUploading(const AttemptId& id) override { words.push_back(FileName(id) + " uploading"); }
  void OnFinished(const AttemptId& id, v1::Finished finished) override {
    words.push_back(FileName(id) + " finished");
    finished_[id] = std::move(finished);
  }
  void OnBroke(const AttemptId& id, v1::Broke broke) override {
    words.push_back(FileName(id) + " broke");
    broke_[id] = std::move(broke);
  }
  void OnHandedBack(const AttemptId& id, const std::string& reason) override {
    words.push_back(FileName(id) + " handed back");
    handed_back_[id] = reason;
  }
  bool Ended(const AttemptId& id) const {
    return finished_.contains(id) || broke_.contains(id) || handed_back_.contains(id);
  }

  std::vector<std::string> words;
  std::vector<std::string> lines;
  std::map<AttemptId, v1::Finished> finished_;
  std::map<AttemptId, v1::Broke> broke_;
  std::map<AttemptId, std::string> handed_back_;
};

constexpr AttemptId kFirst{12, 1};

class ExecutorTest : public LoopFixture {
 protected:
  ExecutorTest()
      : blobs_(dir_ / "blobs"), cache_(*BlobCache::Open(files_, clock_, dir_ / "cache")) {}
  ~ExecutorTest() override {
    executor_.reset();
    pool_.reset();
    runners_.reset();
    loop_.reset();  // before the cache: what it never came to holds pins
  }

  void SetRunner(const std::string& program) {
    runners_ = std::make_unique<RunnerPool>(
        Around(),
        RunnerPool::Programs{{v1::JOB_KIND_TRAIN, {program}}, {v1::JOB_KIND_PREPROCESS, {program}}},
        2);
    pool_ = std::make_unique<IoPool>(2);
    executor_ = std::make_unique<Executor>(Executor::Surroundings{*loop_,
                                                                  *pool_,
                                                                  clock_,
                                                                  files_,
                                                                  random_,
                                                                  *cache_,
                                                                  blobs_,
                                                                  data_roots_,
                                                                  *runners_,
                                                                  gpus_,
                                                                  listener_,
                                                                  {},
                                                                  [this] { return disk_; }},
                                           dir_ / "jobs");
  }
  v1::Lease LeaseOf(v1::JobKind kind, const std::string& blob_hash) {
    v1::Lease lease;
    *lease.mutable_attempt() = ToProto(kFirst);
    lease.set_kind(kind);
    auto& track = *lease.add_tracks();
    track.set_id(17);
    track.set_content_hash(blob_hash);
    track.set_shard(-1);
    if (kind == v1::JOB_KIND_TRAIN) {
      lease.add_shards()->set_blob_hash(blob_hash);
      track.set_shard(0);
    }
    return lease;
  }
  void Run(const v1::Lease& lease) {
    executor_->Begin(lease);
    RunUntil([this] { return listener_.Ended(kFirst); });
  }
  // Copies its shard to an artifact and tells what it got.
  std::string CopyingRunner() {
    return Python("runner", R"(
job = json.loads(sys.stdin.readline())
source = job['tracks'][0]['shard'] or job['tracks'][0]['audio']
open(os.path.join(job['output_dir'], 'copy'), 'wb').write(open(source, 'rb').read() + b'!')
print(json.dumps({'event': 'progress', 'done': 1, 'total': 1}))
print(json.dumps({'event': 'epoch', 'epoch': 1}))
print(json.dumps({'event': 'artifact', 'name': 'copy', 'path': 'copy'}))
print(json.dumps({'event': 'result', 'metrics': {'f1_macro': 0.5},
                  'timings': {'train_seconds': 2}}))
)");
  }

  void ForgetFirst() {
    executor_->Forget(kFirst);
    RunUntil([this] { return !files_.Exists(dir_ / "jobs" / "12-1"); });
  }

  FolderTransport blobs_;
  std::unique_ptr<BlobCache> cache_;
  RecordingListener listener_;
  DataRoots data_roots_;
  Status disk_;
  GpuShares gpus_{{3, 5}};
  std::unique_ptr<RunnerPool> runners_;
  std::unique_ptr<IoPool> pool_;
  std::unique_ptr<Executor> executor_;
};

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(ExecutorTest, FetchesRunsAndUploads) {
  SetRunner(CopyingRunner());
  Run(LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard")));
  EXPECT_THAT(listener_.words, ElementsAre("12-1 running", "12-1 progress 1", "12-1 epoch 1",
                                           "12-1 uploading", "12-1 finished"));
  const v1::Finished& finished = listener_.finished_[kFirst];
  EXPECT_EQ(finished.metrics().at("f1_macro"), 0.5);
  EXPECT_EQ(finished.timings_seconds().at("train"), 2);
  EXPECT_TRUE(finished.timings_seconds().contains("fetch"));
  ASSERT_EQ(finished.artifacts_size(), 1);
  EXPECT_EQ(finished.artifacts(0).blob_hash(), Sha256Hex("shard!"));
  EXPECT_EQ(blobs_.Read(Sha256Hex("shard!")), "shard!");
}

TEST_F(ExecutorTest, ShardThatWasMadeHereIsReadHere) {
  SetRunner(CopyingRunner());
  Run(LeaseOf(v1::JOB_KIND_PREPROCESS, blobs_.Put("audio")));
  EXPECT_THAT(cache_->Contents(10), testing::Contains(Sha256Hex("audio!")));
}

TEST_F(ExecutorTest, AJobThatBreaksOnABadDiskIsHandedBackAndNotTheJobsFault) {
  SetRunner(Script("runner", "exit 1"));
  disk_ = Error{ErrorCode::kPermissionDenied, "Read-only file system"};
  Run(LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard")));
  EXPECT_THAT(listener_.words, ElementsAre("12-1 running", "12-1 handed back"));
  EXPECT_THAT(listener_.handed_back_[kFirst], HasSubstr("Read-only file system"));
}

TEST_F(ExecutorTest, ARunnerThatFoundNoRoomIsHandedBackAlsoWhenThereIsSomeAgain) {
  SetRunner(Script("runner",
                   "read job\n"
                   "echo '{\"event\": \"error\", \"class\": \"crashed\", "
                   "\"message\": \"write best: No space left on device\"}'"));
  Run(LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard")));
  EXPECT_THAT(listener_.words, ElementsAre("12-1 running", "12-1 handed back"));
}

TEST_F(ExecutorTest, OutputFolderGoesWhenTheAttemptIsForgotten) {
  SetRunner(CopyingRunner());
  Run(LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard")));
  EXPECT_TRUE(files_.Exists(dir_ / "jobs" / "12-1"));
  ForgetFirst();
}

TEST_F(ExecutorTest, CoordinatorThatIsAwayIsTriedAgain) {
  SetRunner(CopyingRunner());
  const std::string shard = blobs_.Put("shard");
  blobs_.failures_left = 2;
  Run(LeaseOf(v1::JOB_KIND_TRAIN, shard));
  EXPECT_TRUE(listener_.finished_.contains(kFirst));
}

TEST_F(ExecutorTest, MissingInputIsBadData) {
  SetRunner(CopyingRunner());
  Run(LeaseOf(v1::JOB_KIND_TRAIN, Sha256Hex("nobody has it")));
  EXPECT_EQ(listener_.broke_[kFirst].failure(), v1::FAILURE_CLASS_BAD_DATA);
  EXPECT_THAT(listener_.words, ElementsAre("12-1 broke"));
}

TEST_F(ExecutorTest, UndecodableTrackIsToldWithItsContent) {
  SetRunner(Script("runner", R"(read job
echo '{"event":"track","id":17,"error":"no audio"}'
echo '{"event":"result"}')"));
  const std::string audio = blobs_.Put("audio");
  Run(LeaseOf(v1::JOB_KIND_PREPROCESS, audio));
  const v1::Finished& finished = listener_.finished_[kFirst];
  ASSERT_EQ(finished.track_errors_size(), 1);
  EXPECT_EQ(finished.track_errors(0).track_id(), 17);
  EXPECT_EQ(finished.track_errors(0).content_hash(), audio);
  EXPECT_EQ(finished.track_errors(0).message(), "no audio");
}

TEST_F(ExecutorTest, VerdictOnATrackOfAnotherJobIsRefused) {
  SetRunner(Script("runner", R"(read job
echo '{"event":"track","id":99,"error":"no audio"}'
echo '{"event":"result"}')"));
  Run(LeaseOf(v1::JOB_KIND_PREPROCESS, blobs_.Put("audio")));
  EXPECT_EQ(listener_.broke_[kFirst].failure(), v1::FAILURE_CLASS_BAD_DATA);
  EXPECT_THAT(listener_.broke_[kFirst].message(), HasSubstr("track 99"));
}

TEST_F(ExecutorTest, ArtifactOutsideTheOutputFolderIsBadData) {
  for (const std::string path : {"../../blobs/x", "link"}) {
    SetRunner(Script("runner", "read job; ln -sf /etc/passwd '" +
                                   (dir_ / "jobs" / "12-1" / "link").string() +
                                   "'\necho '{\"event\":\"artifact\",\"name\":\"a\",\"path\":\"" +
                                   path + "\"}'\necho '{\"event\":\"result\"}'"));
    listener_ = {};
    Run(LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard")));
    EXPECT_EQ(listener_.broke_[kFirst].failure(), v1::FAILURE_CLASS_BAD_DATA) << path;
    ForgetFirst();
  }
  EXPECT_EQ(blobs_.uploads, 0);
}

TEST_F(ExecutorTest, StoppedAttemptTellsNothingMore) {
  SetRunner(Script("runner", "read job; sleep 1000"));
  executor_->Begin(LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard")));
  RunUntil([this] { return !listener_.words.empty(); });
  executor_->Stop(kFirst);
  executor_->Stop(kFirst);
  RunUntil([this] { return runners_->process_count() == 0; });
  EXPECT_THAT(listener_.words, ElementsAre("12-1 running"));
  EXPECT_EQ(cache_->PinCount(Sha256Hex("shard")), 0);
}

TEST_F(ExecutorTest, RunsTrainOnTheGpuAndFeaturesAreMadeWithoutIt) {
  SetRunner(Python("runner", R"(
job = json.loads(sys.stdin.readline())
print(json.dumps({'event': 'epoch', 'epoch': 1 if job['device'] == 'cuda:3' else 2}))
print(json.dumps({'event': 'result'}))
)"));
  Run(LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard")));
  EXPECT_THAT(listener_.words, testing::Contains("12-1 epoch 1"));
  listener_ = {};
  Run(LeaseOf(v1::JOB_KIND_PREPROCESS, blobs_.Put("audio")));
  EXPECT_THAT(listener_.words, testing::Contains("12-1 epoch 2"));
  EXPECT_EQ(gpus_.Take()->device, "cuda:3") << "the run gave its share back";
}

TEST_F(ExecutorTest, ARunWaitsForTheProbeOnItsGpuAndSharesItOnceTheNeedIsTold) {
  gpus_ = GpuShares({0});
  const std::string folder = dir_.path();
  SetRunner(Python("runner", "folder = '" + folder + "'\n" + R"(
import time
def wait(name):
    while not os.path.exists(os.path.join(folder, name)): time.sleep(0.01)
job = json.loads(sys.stdin.readline())
if job['output_dir'].endswith('12-1'):
    wait('tell')
    print(json.dumps({'event': 'gpu_memory', 'peak_bytes': 2 << 30, 'total_bytes': 80 << 30}),
          flush=True)
wait('end')
print(json.dumps({'event': 'result', 'metrics': {'gpu': float(job['device'] == 'cuda:0')}}))
)"));
  const AttemptId second{13, 1};
  const auto has = [this](const std::string& word) {
    return std::ranges::find(listener_.words, word) != listener_.words.end();
  };
  v1::Lease lease = LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard"));
  executor_->Begin(lease);
  RunUntil([&] { return has("12-1 running"); });
  *lease.mutable_attempt() = ToProto(second);
  executor_->Begin(lease);
  RunUntil([&] { return executor_->gpus_full(); });
  EXPECT_FALSE(has("13-1 running"));
  std::ofstream(dir_ / "tell") << "now";
  RunUntil([&] { return has("13-1 running"); });
  EXPECT_FALSE(executor_->gpus_full());
  std::ofstream(dir_ / "end") << "now";
  RunUntil([&] { return listener_.Ended(kFirst) && listener_.Ended(second); });
  EXPECT_EQ(listener_.finished_[kFirst].metrics().at("gpu"), 1);
  EXPECT_EQ(listener_.finished_[second].metrics().at("gpu"), 1);
}

TEST_F(ExecutorTest, WhatARunnerIsSeenToNeedIsLearntAndAStrangerKeepsRunsAway) {
  gpus_ = GpuShares({0});
  SetRunner(Python("runner", R"(
import time
job = json.loads(sys.stdin.readline())
print(json.dumps({'event': 'epoch', 'epoch': os.getpid()}), flush=True)
while not os.path.exists(os.path.join(job['output_dir'], 'end')): time.sleep(0.01)
print(json.dumps({'event': 'result'}))
)"));
  const v1::Lease lease = LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard"));
  executor_->Begin(lease);
  const std::string epoch = "12-1 epoch ";
  RunUntil([&] { return !listener_.words.empty() && listener_.words.back().starts_with(epoch); });
  const pid_t runner = std::stoi(listener_.words.back().substr(epoch.size()));
  MachineSample sample;
  sample.gpus.resize(1);
  sample.gpus[0].uuid = "GPU-a";
  sample.gpus[0].total_bytes = std::int64_t{80} << 30;
  sample.cuda_names = {{"GPU-a", "cuda:0"}};
  sample.gpu_processes = {{"GPU-a", runner, std::int64_t{3} << 30, "python3"}};
  executor_->OnMachineSample(sample);
  std::ofstream(dir_ / "jobs" / "12-1" / "end") << "now";
  RunUntil([this] { return listener_.Ended(kFirst); });
  EXPECT_EQ(gpus_.NeedOf(MemoryKey(lease)), std::int64_t{3} << 30);
  EXPECT_TRUE(gpus_.Take()) << "the runner is no stranger";
  gpus_ = GpuShares({0});
  sample.gpu_processes = {{"GPU-a", ::getppid(), 1 << 20, "python3"}};
  executor_->OnMachineSample(sample);
  EXPECT_FALSE(gpus_.Take()) << "somebody else's program computes there";
}

TEST_F(ExecutorTest, ResumeFileOfAnEndedDaemonsAttemptIsUploadedWhenTheCoordinatorIsBack) {
  SetRunner(CopyingRunner());
  std::filesystem::create_directories(dir_ / "jobs" / "12-1");
  std::ofstream(dir_ / "jobs" / "12-1" / "state") << "learnt";
  blobs_.failures_left = 2;
  executor_->Salvage(kFirst, {"state", 7});
  RunUntil([this] { return !listener_.words.empty() && listener_.words.back() == "12-1 halted"; });
  EXPECT_THAT(listener_.words, ElementsAre("12-1 resume 7", "12-1 halted"));
  EXPECT_EQ(blobs_.Read(Sha256Hex("learnt")), "learnt");
}

TEST_F(ExecutorTest, ResumeFileThatCannotBeReadIsNotWaitedFor) {
  SetRunner(CopyingRunner());
  executor_->Salvage(kFirst, {"../../secret", 7});
  RunUntil([this] { return !listener_.words.empty(); });
  EXPECT_THAT(listener_.words, ElementsAre("12-1 halted"));
}

TEST_F(ExecutorTest, OnlyFoldersOfKnownAttemptsAreKept) {
  SetRunner(CopyingRunner());
  for (const char* name : {"12-1", "13-1", "rubbish"}) {
    std::filesystem::create_directories(dir_ / "jobs" / name);
    std::ofstream(dir_ / "jobs" / (std::string(name) + ".resume")) << "{}";
  }
  executor_->ForgetAllBut({kFirst});
  EXPECT_EQ(*files_.ListDirectory(dir_ / "jobs"),
            (std::vector<std::string>{"12-1", "12-1.resume"}));
}

TEST_F(ExecutorTest, RunnerThatCannotBeStartedBreaksTheAttempt) {
  SetRunner("/no/such/runner");
  Run(LeaseOf(v1::JOB_KIND_TRAIN, blobs_.Put("shard")));
  EXPECT_EQ(listener_.broke_[kFirst].failure(), v1::FAILURE_CLASS_CRASHED);
  EXPECT_THAT(listener_.broke_[kFirst].message(), HasSubstr("/no/such/runner"));
}

}  // namespace
}  // namespace tutti
