#include "worker/audio/commands.h"

#include <regex>
#include <sstream>

#include "common/safetensors.h"
#include "tests/support/fake_clock.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/audio/audio_files.h"

namespace tutti {
namespace {

std::vector<std::int64_t> ShapeOf(const std::filesystem::path& path) {
  const auto file = SafetensorsFile::Open(path);
  EXPECT_TRUE(IsOk(file));
  return file.ok() ? (*file)->Tensor("mel")->shape : std::vector<std::int64_t>();
}

TEST(PreprocessOne, WritesTheFeaturesOfAWholeClip) {
  const TempDir dir;
  PosixFileSystem files;
  WriteAudio(dir / "a.wav", kWav16, Tone(22050, 440, 22050));
  ASSERT_TRUE(IsOk(PreprocessOne(files, dir / "a.wav", dir / "out", {})));
  EXPECT_EQ(ShapeOf(dir / "out"), (std::vector<std::int64_t>{128, 1292}));
}

TEST(PreprocessOne, TakesAFeatureSpecFromAFile) {
  const TempDir dir;
  PosixFileSystem files;
  WriteAudio(dir / "a.wav", kWav16, Tone(22050, 440, 22050));
  WriteBytes(dir / "spec.json", R"({"clip_seconds": 1, "n_mels": 64})");
  ASSERT_TRUE(IsOk(PreprocessOne(files, dir / "a.wav", dir / "out", dir / "spec.json")));
  EXPECT_EQ(ShapeOf(dir / "out"), (std::vector<std::int64_t>{64, 44}));
  WriteBytes(dir / "spec.json", R"({"hop": "many"})");
  EXPECT_TRUE(FailsWith(PreprocessOne(files, dir / "a.wav", dir / "out", dir / "spec.json"),
                        ErrorCode::kInvalidArgument, "hop"));
  EXPECT_TRUE(FailsWith(PreprocessOne(files, dir / "a.wav", dir / "out", dir / "none.json"),
                        ErrorCode::kNotFound, "none.json"));
}

TEST(Bench, PrintsOneLineOfMeansAndNamesWhatDoesNotDecode) {
  const TempDir dir;
  std::filesystem::create_directories(dir / "blues");
  WriteAudio(dir / "blues" / "a.WAV", kWav16, Tone(22050, 440, 22050));
  WriteAudio(dir / "b.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, Tone(22050, 440, 22050));
  WriteBytes(dir / "broken.wav", "no audio");
  WriteBytes(dir / "._a.wav", "resource fork");
  WriteBytes(dir / "notes.txt", "no audio, and nobody says it is");
  const FakeClock clock;
  std::ostringstream out;
  std::ostringstream log;
  ASSERT_TRUE(IsOk(Bench(dir.path(), 2, clock, out, log)));
  EXPECT_TRUE(std::regex_match(
      out.str(), std::regex(R"(decode \d+\.\d+ ms, compute \d+\.\d+ ms, write \d+\.\d+ ms, )"
                            R"(total \d+\.\d+ ms per track\n)")))
      << out.str();
  EXPECT_NE(log.str().find("broken.wav"), std::string::npos);
  EXPECT_EQ(log.str().find("notes.txt"), std::string::npos);
  EXPECT_EQ(log.str().find("._a.wav"), std::string::npos);
}

TEST(Bench, AFolderWithoutAudioIsAnError) {
  const TempDir dir;
  const FakeClock clock;
  std::ostringstream out;
  EXPECT_TRUE(FailsWith(Bench(dir.path(), 1, clock, out, out), ErrorCode::kNotFound,
                        "no audio file below"));
  EXPECT_TRUE(FailsWith(Bench(dir / "none", 1, clock, out, out), ErrorCode::kNotFound, "none"));
}

}  // namespace
}  // namespace tutti
