#include "worker/audio/preprocess.h"

#include <algorithm>

#include "common/safetensors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/audio/audio_files.h"
#include "worker/audio/clip.h"
#include "worker/audio/mel.h"
#include "worker/audio/shard.h"

namespace tutti {
namespace {

FeatureSpec SmallSpec() {
  return {.clip_seconds = 0.5, .sample_rate_hz = 8000, .n_fft = 256, .hop = 128, .n_mels = 16};
}

// Remembers what it was told; may cancel after some tracks.
class Recorder final : public PreprocessObserver {
 public:
  void OnUndecodable(const PreprocessTrack& track, const std::string& why) override {
    undecodable.emplace_back(track.id, why);
  }
  void OnProgress(std::size_t done, std::size_t total) override {
    progress.push_back(done);
    last_total = total;
    if (done == cancel_at) cancelled = true;
  }

  std::vector<std::pair<std::int64_t, std::string>> undecodable;
  std::vector<std::size_t> progress;
  std::size_t last_total = 0;
  std::size_t cancel_at = 0;
  std::atomic<bool> cancelled{false};
};

class PreprocessTest : public testing::Test {
 protected:
  void AddTone(std::int64_t id, double hz) {
    const auto path = dir_ / (std::to_string(id) + ".wav");
    WriteAudio(path, kWav16, Tone(5000, hz, 8000), 8000);
    tracks_.push_back({id, path, "hash" + std::to_string(id)});
  }
  void AddBroken(std::int64_t id) {
    const auto path = dir_ / (std::to_string(id) + ".wav");
    WriteBytes(path, "no audio");
    tracks_.push_back({id, path, "hash" + std::to_string(id)});
  }
  Result<PreprocessReport> Run(std::int64_t threads) {
    return Preprocess(tracks_, SmallSpec(), threads, dir_ / "shard", clock_, recorder_.cancelled,
                      recorder_);
  }
  std::vector<float> ExpectedRow(const PreprocessTrack& track) {
    const auto clip = LoadClip(track.audio, SmallSpec());
    const auto extractor = MelExtractor::Create(ToMelOptions(SmallSpec()));
    const auto mel = (*extractor)->Compute(*clip);
    EXPECT_TRUE(IsOk(mel));
    return mel->values;
  }

  TempDir dir_;
  FakeClock clock_;
  Recorder recorder_;
  std::vector<PreprocessTrack> tracks_;
};

TEST_F(PreprocessTest, RowsKeepTheOrderOfTheTracksOnAnyNumberOfThreads) {
  for (std::int64_t id = 0; id < 40; ++id) {
    id % 7 == 3 ? AddBroken(id) : AddTone(id, 200.0 + 50.0 * static_cast<double>(id));
  }
  for (const std::int64_t threads : {1, 2, 8, 256}) {
    recorder_.undecodable.clear();
    const auto report = Run(threads);
    ASSERT_TRUE(IsOk(report));
    EXPECT_EQ(report->rows, 34U);
    EXPECT_EQ(report->undecodable, 6U);
    std::ranges::sort(recorder_.undecodable);
    ASSERT_EQ(recorder_.undecodable.size(), 6U);
    EXPECT_EQ(recorder_.undecodable[1].first, 10);
    EXPECT_NE(recorder_.undecodable[1].second.find("10.wav"), std::string::npos);

    const auto file = SafetensorsFile::Open(dir_ / "shard");
    ASSERT_TRUE(IsOk(file));
    const auto values = (*file)->Tensor("mel")->AsFloats();
    const std::size_t row_values = ShardRowValues(SmallSpec());
    ASSERT_EQ(values.size(), 34 * row_values);
    Json hashes = Json::array();
    std::size_t row = 0;
    for (const PreprocessTrack& track : tracks_) {
      if (track.id % 7 == 3) continue;
      hashes.push_back(track.content_hash);
      EXPECT_TRUE(
          std::ranges::equal(values.subspan(row * row_values, row_values), ExpectedRow(track)))
          << "track " << track.id;
      ++row;
    }
    EXPECT_EQ((*file)->metadata().at("content_hashes"), DumpJson(hashes));
  }
}

TEST_F(PreprocessTest, ProgressCountsEveryTrackOnce) {
  for (std::int64_t id = 0; id < 5; ++id) AddTone(id, 300);
  AddBroken(5);
  ASSERT_TRUE(IsOk(Run(2)));
  EXPECT_EQ(recorder_.progress, (std::vector<std::size_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(recorder_.last_total, 6U);
}

TEST_F(PreprocessTest, AllTracksUndecodableIsAShardWithoutRows) {
  AddBroken(1);
  AddBroken(2);
  const auto report = Run(2);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->rows, 0U);
  const auto file = SafetensorsFile::Open(dir_ / "shard");
  ASSERT_TRUE(IsOk(file));
  EXPECT_EQ((*file)->Tensor("mel")->shape[0], 0);
}

TEST_F(PreprocessTest, NoTrackIsAShardWithoutRows) {
  ASSERT_TRUE(IsOk(Run(1)));
  EXPECT_TRUE(std::filesystem::exists(dir_ / "shard"));
}

TEST_F(PreprocessTest, AMissingFileFailsTheJobInsteadOfJudgingTheTrack) {
  AddTone(0, 300);
  tracks_.push_back({1, dir_ / "gone.wav", "hash"});
  EXPECT_TRUE(FailsWith(Run(2), ErrorCode::kNotFound, "gone.wav"));
  EXPECT_TRUE(recorder_.undecodable.empty());
  EXPECT_FALSE(std::filesystem::exists(dir_ / "shard"));
}

TEST_F(PreprocessTest, CancelStopsBetweenTracksAndWritesNothing) {
  for (std::int64_t id = 0; id < 20; ++id) AddTone(id, 300);
  recorder_.cancel_at = 3;
  EXPECT_TRUE(FailsWith(Run(1), ErrorCode::kCancelled, "cancelled"));
  EXPECT_EQ(recorder_.progress.size(), 3U);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "shard"));
}

TEST_F(PreprocessTest, ThreadsOutOfRangeAreRefused) {
  EXPECT_TRUE(FailsWith(Run(0), ErrorCode::kInvalidArgument, "threads: expected 1 to 256, got 0"));
  EXPECT_TRUE(FailsWith(Run(257), ErrorCode::kInvalidArgument, "got 257"));
}

TEST_F(PreprocessTest, TimesComeFromTheClock) {
  AddTone(0, 300);
  const auto report = Run(1);
  ASSERT_TRUE(IsOk(report));
  EXPECT_EQ(report->total_seconds, 0.0);  // the fake clock stood still
}

}  // namespace
}  // namespace tutti
