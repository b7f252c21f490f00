#include "worker/daemon/runner_event.h"

#include <cmath>

#include <gtest/gtest.h>

namespace tutti {
namespace {

template <class T>
T MustBe(const std::string& line) {
  const ParsedEvent parsed = ParseRunnerEvent(line);
  const auto* event = std::get_if<RunnerEvent>(&parsed);
  if (event == nullptr || !std::holds_alternative<T>(*event)) {
    const auto* bad = std::get_if<BadEvent>(&parsed);
    ADD_FAILURE() << line << ": " << (bad == nullptr ? "another event" : bad->error.message);
    return {};
  }
  return std::get<T>(*event);
}

TEST(RunnerEvent, ReadsHello) {
  const auto hello =
      MustBe<RunnerHello>(R"({"event":"hello","protocol":1,"reusable":true,"version":"9"})");
  EXPECT_EQ(hello.protocol, 1);
  EXPECT_TRUE(hello.reusable);
}

TEST(RunnerEvent, ReadsAnEpochAndTakesNullForNaN) {
  const auto epoch = MustBe<v1::EpochPoint>(
      R"({"event":"epoch","epoch":3,"train_loss":1.5,"train_accuracy":0.25,"val_loss":null,)"
      R"("val_accuracy":0.5,"seconds":2})");
  EXPECT_EQ(epoch.epoch(), 3);
  EXPECT_EQ(epoch.train_loss(), 1.5);
  EXPECT_TRUE(std::isnan(epoch.val_loss()));
  EXPECT_EQ(epoch.seconds(), 2);
}

TEST(RunnerEvent, ReadsAResultWithTimingsUnderTheirShortNames) {
  const auto finished =
      MustBe<RunnerResult>(
          R"({"event":"result","metrics":{"f1_macro":0.91,"epochs":12},)"
          R"("timings":{"train_seconds":3.5,"odd":1},"environment":{"libtorch":"2.13","cores":2},)"
          R"("predictions":[{"track":17,"label":2,"predicted":1,"votes":[0,5,3]}]})")
          .finished;
  EXPECT_EQ(finished.metrics().at("f1_macro"), 0.91);
  EXPECT_EQ(finished.metrics().at("epochs"), 12);
  EXPECT_EQ(finished.timings_seconds().at("train"), 3.5);
  EXPECT_EQ(finished.timings_seconds().at("odd"), 1);
  EXPECT_EQ(finished.environment().at("libtorch"), "2.13");
  EXPECT_EQ(finished.environment().at("cores"), "2");
  ASSERT_EQ(finished.predictions_size(), 1);
  EXPECT_EQ(finished.predictions(0).track_id(), 17);
  EXPECT_EQ(finished.predictions(0).votes(1), 5);
}

TEST(RunnerEvent, ReadsTheOthers) {
  EXPECT_EQ(
      MustBe<v1::Progress>(R"({"event":"progress","done":3,"total":32,"unit":"tracks"})").total(),
      32);
  EXPECT_EQ(MustBe<RunnerTrackError>(R"({"event":"track","id":17,"error":"no audio"})").message,
            "no audio");
  EXPECT_EQ(MustBe<RunnerArtifact>(R"({"event":"artifact","name":"best","path":"b.st"})").path,
            "b.st");
}

// Else the coordinator would refuse the whole result.
TEST(RunnerEvent, ANameOfAnArtifactStaysBelowItsFolder) {
  const auto parsed = [](const std::string& name) {
    return ParseRunnerEvent(R"({"event":"artifact","path":"b.st","name":")" + name + "\"}");
  };
  EXPECT_FALSE(std::holds_alternative<BadEvent>(parsed("plots/loss")));
  for (const std::string name : {"", "../best", "/best"}) {
    EXPECT_TRUE(std::holds_alternative<BadEvent>(parsed(name))) << name;
  }
  EXPECT_TRUE(
      std::holds_alternative<BadEvent>(parsed(std::string(kMaxArtifactNameBytes + 1, 'n'))));
}

TEST(RunnerEvent, ErrorClassesThatARunnerMayClaim) {
  const auto failure = [](const std::string& name) {
    return MustBe<RunnerError>(R"({"event":"error","class":")" + name + R"(","message":"m"})")
        .failure;
  };
  EXPECT_EQ(failure("bad_config"), v1::FAILURE_CLASS_BAD_CONFIG);
  EXPECT_EQ(failure("bad_data"), v1::FAILURE_CLASS_BAD_DATA);
  EXPECT_EQ(failure("out_of_memory"), v1::FAILURE_CLASS_OUT_OF_MEMORY);
  EXPECT_EQ(failure("crashed"), v1::FAILURE_CLASS_CRASHED);
  EXPECT_EQ(failure("worker_lost"), v1::FAILURE_CLASS_CRASHED);  // not the runner's to say
}

TEST(RunnerEvent, UnknownEventsAreNoError) {
  EXPECT_TRUE(std::holds_alternative<std::monostate>(
      ParseRunnerEvent(R"({"event":"temperature","celsius":80})")));
}

TEST(RunnerEvent, SaysWhatIsWrongAndWhetherItWasTheLast) {
  const auto bad = [](const std::string& line) {
    return std::get<BadEvent>(ParseRunnerEvent(line));
  };
  EXPECT_FALSE(bad(R"({"event":"epoch"})").is_last);
  EXPECT_NE(bad(R"({"event":"epoch","epoch":"x"})").error.message.find("\"epoch\""),
            std::string::npos);
  EXPECT_TRUE(bad(R"({"event":"result","metrics":[]})").is_last);
  EXPECT_TRUE(bad(R"({"event":"result","metrics":{"f1":"high"}})").is_last);
  EXPECT_FALSE(bad(R"({"event":"res)").is_last);
  EXPECT_FALSE(bad(R"({"event":)" + std::string(100, '[')).is_last);
}

TEST(RunnerEvent, GpuMemoryIsBytes) {
  const ParsedEvent parsed =
      ParseRunnerEvent(R"({"event":"gpu_memory","peak_bytes":12,"total_bytes":80})");
  const auto* memory = std::get_if<RunnerGpuMemory>(&std::get<RunnerEvent>(parsed));
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(memory->peak_bytes, 12);
  EXPECT_EQ(memory->total_bytes, 80);
  for (const char* bad : {R"({"event":"gpu_memory"})", R"({"event":"gpu_memory","peak_bytes":-1})",
                          R"({"event":"gpu_memory","peak_bytes":9223372036854775807})"}) {
    EXPECT_TRUE(std::holds_alternative<BadEvent>(ParseRunnerEvent(bad))) << bad;
  }
}

}  // namespace
}  // namespace tutti
