// The real tutti-train over its pipes.
#include <gtest/gtest.h>

#include "common/safetensors.h"
#include "tests/support/program.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"
#include "tests/unit/worker/trainer/tiny_job.h"

namespace tutti {
namespace {

std::vector<Json> EventsIn(const std::string& out) {
  std::vector<Json> events;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("{\"event\"")) events.push_back(Json::parse(line));  // else log
  }
  return events;
}

TEST(TrainBinary, TwoJobsInOneProcessAreBitEqual) {
  const TempDir one;
  const TempDir two;
  RunningBinary train("tutti-train", {});
  train.Say(DumpJson(MakeTinyJob(one.path())) + "\n");
  train.Say(DumpJson(MakeTinyJob(two.path())) + "\n");
  const auto results = [&] {
    std::size_t count = 0;
    for (std::size_t at = 0;
         (at = train.out().find("{\"event\":\"result\"", at)) != std::string::npos; ++at) {
      ++count;
    }
    return count;
  };
  ASSERT_TRUE(train.ReadUntil([&] { return results() == 2; })) << train.err();
  train.CloseInput();
  EXPECT_EQ(train.Finish().code(), 0);
  EXPECT_EQ(EventsIn(train.out())[0]["event"], "hello");
  EXPECT_TRUE(ReadWholeFile(one / "best.safetensors") == ReadWholeFile(two / "best.safetensors"));
}

TEST(TrainBinary, TellsTheGpusThatItCanUse) {
  const Outcome told = RunBinary("tutti-train", {"devices"});
  EXPECT_EQ(told.code(), 0);
  const Json devices = told.json()["devices"];
  ASSERT_TRUE(devices.is_array()) << told.out;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    EXPECT_EQ(devices[i], "cuda:" + std::to_string(i));
  }
}

TEST(TrainBinary, ACancelEndsTheJobAndTheNextOneRuns) {
  const TempDir one;
  const TempDir two;
  TinyJob endless;
  endless.epochs = 1'000'000;
  endless.patience = 1'000'000;
  RunningBinary train("tutti-train", {});
  train.Say(DumpJson(MakeTinyJob(one.path(), endless)) + "\n");
  ASSERT_TRUE(train.ReadUntil([&] {
    return train.out().find("{\"event\":\"epoch\"") != std::string::npos;
  })) << train.err();
  train.Say("{\"command\":\"cancel\"}\n");
  train.Say(DumpJson(MakeTinyJob(two.path())) + "\n");
  ASSERT_TRUE(train.ReadUntil([&] {
    return train.out().find("{\"event\":\"result\"") != std::string::npos;
  })) << train.out()
      << train.err();
  EXPECT_NE(train.out().find("\"class\":\"cancelled\""), std::string::npos);
  train.CloseInput();
  EXPECT_EQ(train.Finish().code(), 0);
}

TEST(TrainBinary, AClosedInputEndsTheJobThatNobodyWaitsFor) {
  const TempDir folder;
  TinyJob endless;
  endless.epochs = 1'000'000;
  endless.patience = 1'000'000;
  RunningBinary train("tutti-train", {});
  train.Say(DumpJson(MakeTinyJob(folder.path(), endless)) + "\n");
  ASSERT_TRUE(train.ReadUntil(
      [&] { return train.out().find("{\"event\":\"epoch\"") != std::string::npos; }));
  train.CloseInput();
  EXPECT_EQ(train.Finish(std::chrono::seconds(30)).code(), 0);
}

TEST(TrainBinary, OneRunsAJobFromAFile) {
  const TempDir folder;
  WriteFile(folder / "job.json", DumpJson(MakeTinyJob(folder.path())));
  const Outcome good = RunBinary("tutti-train", {"one", folder / "job.json"});
  EXPECT_EQ(good.code(), 0) << testing::PrintToString(good);
  EXPECT_EQ(EventsIn(good.out).back()["event"], "result");
  Json bad = MakeTinyJob(folder.path());
  bad["config"]["model"] = "crnn3d";
  WriteFile(folder / "bad.json", DumpJson(bad));
  const Outcome refused = RunBinary("tutti-train", {"one", folder / "bad.json"});
  EXPECT_EQ(refused.code(), 1);
  EXPECT_EQ(EventsIn(refused.out).back()["class"], "bad_config");
  EXPECT_EQ(RunBinary("tutti-train", {"one", folder / "none.json"}).code(), 2);
  EXPECT_EQ(RunBinary("tutti-train", {"dance"}).code(), 2);
}

TEST(TrainBinary, MeasuresHowManyTrainingsAtATimeThisMachineDoesBest) {
  const Outcome outcome = RunBinary("tutti-train", {"slots", "2"});
  ASSERT_EQ(outcome.code(), 0) << outcome.err;
  const Json told = outcome.json();
  EXPECT_TRUE(told["slots"] == 1 || told["slots"] == 2) << told;
  EXPECT_EQ(told["cores"], 2);
  ASSERT_EQ(told["measured"].size(), 2U) << told;
  EXPECT_EQ(told["measured"][0]["slots"], 2);
  EXPECT_GT(told["measured"][0]["steps_per_second"].get<double>(), 0) << told;
  EXPECT_GT(told["measured"][1]["steps_per_second"].get<double>(), 0) << told;
  EXPECT_EQ(RunBinary("tutti-train", {"slots", "0"}).code(), 2);
}

}  // namespace
}  // namespace tutti
