// The runner protocol, spoken with the real tutti-preprocess over pipes.
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

#include "common/feature_spec_hash.h"
#include "common/json.h"
#include "common/process.h"
#include "common/safetensors.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/audio/audio_files.h"
#include "worker/audio/line_io.h"
#include "worker/audio/runner.h"

namespace tutti {
namespace {

const std::string kBinary = std::string(TUTTI_BIN_DIR) + "/tutti-preprocess";

class RunnerProcess : public testing::Test {
 protected:
  void SetUp() override { Start({kBinary}); }

  void Start(const std::vector<std::string>& argv) {
    auto child = Spawn({.argv = argv, .input = Stream::kPipe, .output = Stream::kPipe});
    ASSERT_TRUE(IsOk(child));
    child_ = *std::move(child);
    lines_.emplace(child_->output().get());
    const Json hello = Next();
    EXPECT_EQ(hello, (Json{{"event", "hello"}, {"protocol", 1}, {"reusable", true}}));
  }

  void Send(std::string text) {
    text += "\n";
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t n = ::write(child_->input().get(), rest.data(), rest.size());
      ASSERT_GT(n, 0);
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // The next event; null at the end of output. Every line must be an event.
  Json Next() {
    const auto line = lines_->Next();
    EXPECT_TRUE(IsOk(line));
    if (!line.ok() || !line->has_value()) return nullptr;
    EXPECT_TRUE((*line)->starts_with("{\"event\"")) << **line;
    const auto json = ParseJson(**line, "event");
    EXPECT_TRUE(IsOk(json));
    return json.ok() ? *json : Json();
  }
  // Skips progress and the like up to a result or an error.
  Json NextEnd() {
    while (true) {
      Json event = Next();
      if (event.is_null() || event["event"] == "result" || event["event"] == "error") return event;
    }
  }

  std::string AddTone(const std::string& name) {
    WriteAudio(dir_ / name, kWav16, Tone(8000, 440, 8000), 8000);
    return (dir_ / name).string();
  }
  static Json Track(std::int64_t id, const std::string& audio) {
    return {{"id", id},       {"path", "x.wav"},  {"label", 0}, {"content_hash", "ab"},
            {"audio", audio}, {"shard", nullptr}, {"row", 0}};
  }
  Json Job(const std::string& output, const Json& tracks) {
    std::filesystem::create_directories(dir_ / output);
    const FeatureSpec spec{
        .clip_seconds = 1, .sample_rate_hz = 8000, .n_fft = 256, .hop = 128, .n_mels = 16};
    Json spec_json = ToJson(spec);
    spec_json["hash"] = FeatureSpecHash(spec);
    return {{"job", "12"},
            {"attempt", 1},
            {"kind", "preprocess"},
            {"config", Json::object()},
            {"feature_spec", spec_json},
            {"dataset", nullptr},
            {"tracks", tracks},
            {"split", nullptr},
            {"weights", nullptr},
            {"resume", nullptr},
            {"output_dir", (dir_ / output).string()},
            {"threads", 2},
            {"device", "cpu"}};
  }
  void ExpectStillWorks() {
    Send(DumpJson(Job("after", Json::array({Track(1, AddTone("after.wav"))}))));
    EXPECT_EQ(NextEnd()["event"], "result");
  }

  TempDir dir_;
  std::unique_ptr<ChildProcess> child_;
  std::optional<LineReader> lines_;
};

TEST_F(RunnerProcess, OneJobTellsItsStepsInOrder) {
  Send(DumpJson(Job("out", Json::array({Track(5, AddTone("a.wav"))}))));
  EXPECT_EQ(Next(), (Json{{"event", "progress"}, {"done", 1}, {"total", 1}, {"unit", "tracks"}}));
  EXPECT_EQ(Next(),
            (Json{{"event", "artifact"}, {"name", "shard"}, {"path", "shard.safetensors"}}));
  const Json result = Next();
  EXPECT_EQ(result["event"], "result");
  EXPECT_EQ(result["metrics"]["tracks"], 1);
  EXPECT_EQ(result["metrics"]["undecodable"], 0);
  EXPECT_GT(result["metrics"]["peak"], 0);
  EXPECT_LE(result["metrics"]["peak"], 1);
  EXPECT_EQ(result["predictions"], Json::array());
  for (const char* key : {"load_seconds", "compute_seconds", "write_seconds", "total_seconds"}) {
    EXPECT_GE(result["timings"].value(key, -1.0), 0.0) << key;
  }
  EXPECT_EQ(result["timings"].size(), 4U);
}

TEST_F(RunnerProcess, ABadTrackAmongGoodOnesIsToldAndLeftOut) {
  const auto good = AddTone("a.wav");
  WriteBytes(dir_ / "bad.wav", "no audio");
  Send(DumpJson(
      Job("out", {Track(1, good), Track(2, (dir_ / "bad.wav").string()), Track(3, good)})));
  Json told;
  Json event = Next();
  while (event["event"] != "result") {
    if (event["event"] == "track") told = event;
    event = Next();
    ASSERT_FALSE(event.is_null());
  }
  EXPECT_EQ(told["id"], 2);
  EXPECT_NE(told["error"].get<std::string>().find("cannot decode"), std::string::npos);
  EXPECT_EQ(event["metrics"]["tracks"], 2);
  EXPECT_EQ(event["metrics"]["undecodable"], 1);
  const auto file = SafetensorsFile::Open(dir_ / "out" / "shard.safetensors");
  ASSERT_TRUE(IsOk(file));
  EXPECT_EQ((*file)->Tensor("mel")->shape, (std::vector<std::int64_t>{2, 16, 63}));
}

TEST_F(RunnerProcess, ASecondJobIsDoneByTheSameProcess) {
  const auto audio = AddTone("a.wav");
  for (const std::string output : {"one", "two"}) {
    Send(DumpJson(Job(output, Json::array({Track(1, audio)}))));
    EXPECT_EQ(NextEnd()["event"], "result");
    EXPECT_TRUE(std::filesystem::exists(dir_ / output / "shard.safetensors"));
  }
}

TEST_F(RunnerProcess, ALineThatIsNoJobIsAnErrorLineAndNotTheEnd) {
  for (const std::string line : {"nonsense", "{}", "[1,2]", "{\"kind\":\"train\"}", ""}) {
    Send(line);
    const Json event = Next();
    EXPECT_EQ(event["event"], "error") << line;
    EXPECT_EQ(event["class"], "bad_config") << line;
    EXPECT_FALSE(event["message"].get<std::string>().empty());
  }
  ExpectStillWorks();
}

TEST_F(RunnerProcess, AFileThatIsNotThereFailsTheJobSoThatItIsTriedAgain) {
  Send(DumpJson(Job("out", Json::array({Track(1, (dir_ / "gone.wav").string())}))));
  const Json event = NextEnd();
  EXPECT_EQ(event["class"], "crashed");
  EXPECT_NE(event["message"].get<std::string>().find("gone.wav"), std::string::npos);
  ExpectStillWorks();
}

TEST_F(RunnerProcess, AJobLargerThanMemoryIsAnErrorLineAndNotTheEnd) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own memory does not fit into a limited address space";
#endif
  Start({"sh", "-c", "ulimit -v 2000000 && exec " + kBinary});
  // 200,000 frames of 128 bands: 40 such rows are 4 GB.
  Json job = Job("out", std::vector<Json>(40, Track(1, AddTone("a.wav"))));
  job["feature_spec"] = ToJson(FeatureSpec{
      .clip_seconds = 25, .sample_rate_hz = 8000, .n_fft = 256, .hop = 1, .n_mels = 128});
  Send(DumpJson(job));
  EXPECT_EQ(NextEnd()["class"], "out_of_memory");
  ExpectStillWorks();
}

TEST_F(RunnerProcess, CancelEndsTheRunningJobSoon) {
  constexpr std::size_t kTracks = 50'000;
  Send(DumpJson(Job("out", std::vector<Json>(kTracks, Track(1, AddTone("a.wav"))))));
  const Json first = Next();
  EXPECT_EQ(first["event"], "progress");
  Send(R"({"command":"cancel"})");
  Json event = first;
  std::size_t done = 0;
  while (event["event"] == "progress") {
    done = event["done"].get<std::size_t>();
    event = Next();
  }
  EXPECT_EQ(event, (Json{{"event", "error"}, {"class", "cancelled"}, {"message", "cancelled"}}));
  EXPECT_LT(done, kTracks);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out" / "shard.safetensors"));
  ExpectStillWorks();
}

TEST_F(RunnerProcess, CancelWithoutAJobChangesNothing) {
  Send(R"({"command":"cancel"})");
  ExpectStillWorks();
}

TEST_F(RunnerProcess, LinesBeyondTheQueuesLengthWaitAndAreAnsweredInOrder) {
  const auto audio = AddTone("a.wav");
  for (std::size_t i = 0; i < 3 * kMaxWaitingJobs; ++i) {
    Send(i % 2 == 0 ? DumpJson(Job("out", Json::array({Track(1, audio)}))) : "nonsense");
  }
  for (std::size_t i = 0; i < 3 * kMaxWaitingJobs; ++i) {
    EXPECT_EQ(NextEnd()["event"], i % 2 == 0 ? "result" : "error") << i;
  }
}

TEST_F(RunnerProcess, TheEndOfInputEndsTheRunnerAndAbandonsItsJob) {
  Send(DumpJson(Job("out", std::vector<Json>(50'000, Track(1, AddTone("a.wav"))))));
  EXPECT_EQ(Next()["event"], "progress");
  child_->input().Reset();
  EXPECT_TRUE(NextEnd().is_null());
  EXPECT_EQ(child_->Wait(), (ExitStatus{.exit_code = 0}));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out" / "shard.safetensors"));
}

TEST_F(RunnerProcess, AReaderThatIsGoneDoesNotKillIt) {
  lines_.reset();
  child_->output().Reset();
  Send(DumpJson(Job("out", Json::array({Track(1, AddTone("a.wav"))}))));
  child_->input().Reset();
  EXPECT_EQ(child_->Wait(), (ExitStatus{.exit_code = 0}));
}

TEST(PreprocessBinary, WrongArgumentsAndUndecodableFilesExitWithTwo) {
  const TempDir dir;
  WriteBytes(dir / "bad.wav", "no audio");
  const auto exit_code = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kBinary);
    const auto child = Spawn({.argv = arguments, .output = Stream::kNull, .errors = Stream::kNull});
    EXPECT_TRUE(IsOk(child));
    return child.ok() ? (*child)->Wait().exit_code : -1;
  };
  EXPECT_EQ(exit_code({"--version"}), 0);
  EXPECT_EQ(exit_code({"--help"}), 0);
  EXPECT_EQ(exit_code({"frobnicate"}), 2);
  EXPECT_EQ(exit_code({"one"}), 2);
  EXPECT_EQ(exit_code({"one", (dir / "bad.wav").string(), (dir / "out").string()}), 2);
  EXPECT_EQ(exit_code({"bench", dir.path().string(), "--threads", "0"}), 2);
}

}  // namespace
}  // namespace tutti
