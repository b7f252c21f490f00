// The executor with the real tutti-preprocess: from audio blobs to a shard blob.
#include <cmath>
#include <map>

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"
#include "tests/unit/worker/daemon/folder_transport.h"
#include "tests/unit/worker/daemon/loop_fixture.h"
#include "worker/daemon/executor.h"

namespace tutti {
namespace {

constexpr int kRate = 22'050;

// Half a second of a sine as a 16-bit mono WAV file.
std::string Wav(double frequency_hz) {
  const auto number = [](std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
    return text;
  };
  std::string samples;
  for (int i = 0; i < kRate / 2; ++i) {
    const double value = 10'000 * std::sin(2 * M_PI * frequency_hz * i / kRate);
    samples += number(static_cast<std::uint32_t>(static_cast<std::int32_t>(value)), 2);
  }
  const auto size = static_cast<std::uint32_t>(samples.size());
  return "RIFF" + number(36 + size, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) + number(1, 2) +
         number(kRate, 4) + number(kRate * 2, 4) + number(2, 2) + number(16, 2) + "data" +
         number(size, 4) + samples;
}

class EndListener final : public AttemptListener {
 public:
  void OnRunning(const AttemptId&, const std::string&) override {}
  void OnProgress(const AttemptId&, const v1::Progress&) override {}
  void OnEpoch(const AttemptId&, const v1::EpochPoint&) override {}
  void OnLogLine(const AttemptId&, const std::string&) override {}
  void OnResumeFile(const AttemptId&, const v1::ResumeFile&) override {}
  void OnHalted(const AttemptId&) override {}
  void OnUploading(const AttemptId&) override {}
  void OnFinished(const AttemptId& id, v1::Finished result) override { finished[id] = result; }
  void OnBroke(const AttemptId& id, v1::Broke failure) override { broke[id] = failure; }
  void OnHandedBack(const AttemptId& id, const std::string& reason) override {
    ADD_FAILURE() << FileName(id) << " is handed back: " << reason;
  }

  std::map<AttemptId, v1::Finished> finished;
  std::map<AttemptId, v1::Broke> broke;
};

class RealPreprocessTest : public LoopFixture {
 protected:
  RealPreprocessTest()
      : blobs_(dir_ / "blobs"),
        cache_(*BlobCache::Open(files_, clock_, dir_ / "cache")),
        runners_(std::make_unique<RunnerPool>(
            Around(),
            RunnerPool::Programs{
                {v1::JOB_KIND_PREPROCESS,
                 {(std::filesystem::path(TUTTI_BIN_DIR) / "tutti-preprocess").string()}}},
            1)),
        pool_(std::make_unique<IoPool>(1)),
        executor_(std::make_unique<Executor>(
            Executor::Surroundings{*loop_, *pool_, clock_, files_, random_, *cache_, blobs_,
                                   data_roots_, *runners_, gpus_, listener_},
            dir_ / "jobs")) {}
  ~RealPreprocessTest() override {
    executor_.reset();
    pool_.reset();
    runners_.reset();
    loop_.reset();  // before the cache: what it never came to holds pins
  }

  void Run(std::int64_t job, const std::vector<std::string>& contents,
           const std::string& spec_json) {
    v1::Lease lease;
    lease.mutable_attempt()->set_job_id(job);
    lease.mutable_attempt()->set_attempt(1);
    lease.set_kind(v1::JOB_KIND_PREPROCESS);
    lease.set_config_json("{}");
    lease.set_feature_spec_json(spec_json);
    lease.set_threads(1);
    for (std::size_t i = 0; i < contents.size(); ++i) {
      auto& track = *lease.add_tracks();
      track.set_id(static_cast<std::int64_t>(i) + 10);
      track.set_path("blues/" + std::to_string(i) + ".wav");
      track.set_content_hash(blobs_.Put(contents[i]));
      track.set_shard(-1);
    }
    executor_->Begin(lease);
    const AttemptId id{job, 1};
    RunUntil([&] { return listener_.finished.contains(id) || listener_.broke.contains(id); });
  }

  FolderTransport blobs_;
  std::unique_ptr<BlobCache> cache_;
  EndListener listener_;
  DataRoots data_roots_;
  GpuShares gpus_{{}};
  std::unique_ptr<RunnerPool> runners_;
  std::unique_ptr<IoPool> pool_;
  std::unique_ptr<Executor> executor_;
};

constexpr char kSpec[] = R"({"clip_seconds":0.5,"sample_rate_hz":22050})";

TEST_F(RealPreprocessTest, AudioBlobsBecomeAShardAndAVerdict) {
  Run(1, {Wav(440), "no audio at all", Wav(880)}, kSpec);
  ASSERT_THAT(listener_.broke, testing::IsEmpty()) << listener_.broke.begin()->second.message();
  const v1::Finished& finished = listener_.finished[{1, 1}];
  ASSERT_EQ(finished.track_errors_size(), 1);
  EXPECT_EQ(finished.track_errors(0).track_id(), 11);
  EXPECT_EQ(finished.track_errors(0).content_hash(), Sha256Hex("no audio at all"));
  EXPECT_EQ(finished.metrics().at("tracks"), 2);
  EXPECT_EQ(finished.metrics().at("undecodable"), 1);
  for (const char* timing : {"fetch", "load", "compute", "write", "total"}) {
    EXPECT_TRUE(finished.timings_seconds().contains(timing)) << timing;
  }
  ASSERT_EQ(finished.artifacts_size(), 1);
  EXPECT_EQ(finished.artifacts(0).name(), "shard");
  const std::string shard = blobs_.Read(finished.artifacts(0).blob_hash());
  EXPECT_EQ(shard.size(), static_cast<std::size_t>(finished.artifacts(0).size_bytes()));
  EXPECT_NE(shard.find("\"mel\""), std::string::npos);
  EXPECT_THAT(cache_->Contents(10), testing::Contains(finished.artifacts(0).blob_hash()));
}

TEST_F(RealPreprocessTest, RunnerStaysWarmAlsoAfterAJobThatFailed) {
  Run(1, {Wav(440)}, R"({"hop":-1})");
  EXPECT_EQ((listener_.broke[{1, 1}].failure()), v1::FAILURE_CLASS_BAD_CONFIG);
  Run(2, {Wav(440)}, kSpec);
  EXPECT_TRUE((listener_.finished.contains({2, 1})));
  EXPECT_EQ(runners_->process_count(), 1u);
}

}  // namespace
}  // namespace tutti
