#include "coordinator/core/time_model.h"

#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/core/ready_queue.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::ElementsAre;

constexpr char kGpu[] = "gpu";
constexpr char kProcessor[] = "8 cores";

TEST(TimeModel, KnowsNothingBeforeARunHasEnded) {
  TimeModel times;
  EXPECT_EQ(times.Expected(times.WorkOf("a"), 10), 10);
  EXPECT_EQ(times.Expected(0, 10), 10);
}

TEST(TimeModel, AWorkThatTakesLongerThanAnotherOfTheSameCostIsExpectedTo) {
  TimeModel times;
  const auto a = times.WorkOf("a");
  const auto b = times.WorkOf("b");
  EXPECT_FALSE(times.Learn(a, kProcessor, 10, 100)) << "nothing to compare it with";
  EXPECT_TRUE(times.Learn(b, kProcessor, 10, 400));
  EXPECT_NEAR(times.Expected(b, 10) / times.Expected(a, 10), 4, 1e-3);
}

TEST(TimeModel, HowFastAClassOfWorkersIsDoesNotCount) {
  TimeModel times;
  const auto a = times.WorkOf("a");
  const auto b = times.WorkOf("b");
  times.Learn(a, kProcessor, 10, 100);
  times.Learn(b, kProcessor, 10, 200);
  times.Learn(b, kGpu, 10, 2);  // alone there
  EXPECT_GT(times.Expected(b, 10), times.Expected(a, 10));
  times.Learn(a, kGpu, 10, 1);
  EXPECT_NEAR(times.Expected(b, 10) / times.Expected(a, 10), 2, 0.5);
}

TEST(TimeModel, ClassesThatDifferCountByTheirRuns) {
  TimeModel times;
  const auto a = times.WorkOf("a");
  const auto b = times.WorkOf("b");
  for (int i = 0; i < 20; ++i) {  // on GPUs b is the shorter one
    times.Learn(a, kGpu, 10, 4);
    times.Learn(b, kGpu, 10, 1);
  }
  times.Learn(a, kProcessor, 10, 10);
  times.Learn(b, kProcessor, 10, 20);
  EXPECT_GT(times.Expected(a, 10), times.Expected(b, 10));
}

TEST(TimeModel, ASmallDifferenceKeepsTheOrder) {
  TimeModel times;
  const auto a = times.WorkOf("a");
  const auto b = times.WorkOf("b");
  times.Learn(a, kProcessor, 10, 100);
  EXPECT_FALSE(times.Learn(b, kProcessor, 10, 120));
  EXPECT_EQ(times.Expected(a, 10), times.Expected(b, 10));
}

TEST(TimeModel, WhatIsNewCountsMoreThanWhatIsLongAgo) {
  TimeModel times;
  const auto a = times.WorkOf("a");
  const auto b = times.WorkOf("b");
  for (int i = 0; i < 1'000; ++i) times.Learn(a, kProcessor, 10, 100);
  times.Learn(b, kProcessor, 10, 100);
  for (int i = 0; i < 60; ++i) times.Learn(a, kProcessor, 10, 400);
  EXPECT_NEAR(times.Expected(a, 10) / times.Expected(b, 10), 4, 1);
}

TEST(TimeModel, WhatCannotBeATimeTeachesNothing) {
  TimeModel times;
  const auto a = times.WorkOf("a");
  const auto b = times.WorkOf("b");
  times.Learn(a, kProcessor, 10, 1);
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_FALSE(times.Learn(b, kProcessor, 10, bad));
    EXPECT_FALSE(times.Learn(b, kProcessor, bad, 10));
  }
  EXPECT_FALSE(times.Learn(0, kProcessor, 10, 1'000));
}

TEST(TimeModel, WorkersWithAGpuAreOneClassAndProcessorsGoByTheirCores) {
  EXPECT_EQ(ClassOfWorker("cuda:1", 64), ClassOfWorker("cuda:0", 8));
  EXPECT_NE(ClassOfWorker("cpu", 64), ClassOfWorker("cpu", 8));
  EXPECT_NE(ClassOfWorker("", 8), ClassOfWorker("cuda:0", 8));
}

TEST(ReadyQueue, ANewOrderMovesWhatWaitsAndKeepsEachJob) {
  TimeModel times;
  const auto a = times.WorkOf("a");
  const auto b = times.WorkOf("b");
  ReadyQueue queue;
  queue.Insert(a, 10, {1}, times);
  queue.Insert(a, 10, {4}, times);
  queue.Insert(b, 20, {2}, times);
  queue.Insert(b, 5, {3}, times);
  const auto in_order = [&] { return std::vector<JobId>(queue.begin(), queue.end()); };
  EXPECT_THAT(in_order(), ElementsAre(JobId{2}, JobId{1}, JobId{4}, JobId{3}));
  EXPECT_EQ(queue.CountBefore(a, 10, {4}), 2U);
  times.Learn(a, kProcessor, 10, 1'000);
  ASSERT_TRUE(times.Learn(b, kProcessor, 10, 10));
  EXPECT_THAT(in_order(), ElementsAre(JobId{2}, JobId{1}, JobId{4}, JobId{3})) << "not yet";
  queue.Insert(b, 20, {5}, times);
  queue.Reorder(times);
  EXPECT_THAT(in_order(), ElementsAre(JobId{1}, JobId{4}, JobId{2}, JobId{5}, JobId{3}));
  EXPECT_EQ(queue.size(), 5U);
  for (const JobId id : {JobId{1}, JobId{4}}) queue.Erase(a, 10, id);
  EXPECT_FALSE(queue.Contains(a, 10, {1}));
  EXPECT_THAT(in_order(), ElementsAre(JobId{2}, JobId{5}, JobId{3}));
  EXPECT_EQ(queue.CountBefore(b, 5, {3}), 2U);
}

// The heuristic has cnn far before rnn; here it is the other way round.
class LearnedOrder : public testing::Test {
 protected:
  LearnedOrder() {
    EXPECT_TRUE(IsOk(harness_.Submit(spec_, manifest_)));
    worker_.Connect();
    worker_.Take(harness_.Schedule());
    worker_.Start(worker_.held().at(0));
    worker_.Finish(AttemptKey(worker_.held().at(0)));
    worker_.slots = 2;
    worker_.Heartbeat();
  }
  std::string ModelOf(const AttemptKey& attempt) {
    return Json::parse(harness_.Job(attempt.job).config_json)["model"];
  }
  void Finish(const AttemptKey& attempt, double seconds) {
    worker_.Start(attempt);
    AttemptFinished result = TrainResult(0.5);
    result.timings_seconds = {{"train", seconds}, {"test", 0.5}, {"fetch", 1e6}};
    worker_.Send(worker_.MakeEvent(attempt, std::move(result)));
    worker_.Forget(attempt);
  }
  // One run of each model ends; then two are granted.
  std::vector<std::string> AfterOneOfEach(double cnn_seconds, double rnn_seconds) {
    worker_.slots = 9;
    worker_.Heartbeat();
    worker_.Take(harness_.Schedule());
    std::vector<AttemptKey> held = worker_.held();
    std::set<std::string> done;
    for (const AttemptKey& attempt : held) {
      const std::string model = ModelOf(attempt);
      if (!done.insert(model).second) continue;
      Finish(attempt, model == "cnn" ? cnn_seconds : rnn_seconds);
    }
    for (const AttemptKey& attempt : std::vector(worker_.held())) worker_.Return(attempt);
    worker_.slots = 2;
    worker_.Heartbeat();
    return NextTwo();
  }
  std::vector<std::string> NextTwo() {
    std::vector<std::string> models;
    for (const Grant& grant : harness_.Schedule()) models.push_back(ModelOf(grant.attempt));
    return models;
  }

  const SweepSpec spec_ = MakeSweepSpec("base", {"cnn", "rnn"}, {1, 2, 3, 4});
  const Manifest manifest_ = MakeManifest(40, {"blues", "rock"});
  CoreHarness harness_{{.tracks_per_shard = 64}};
  ScriptedWorker worker_{harness_, "a", 1};
};

TEST_F(LearnedOrder, RunsThatWereFoundToTakeLongestGoFirst) {
  EXPECT_THAT(AfterOneOfEach(1, 10'000), ElementsAre("rnn", "rnn"));
}

TEST_F(LearnedOrder, WhatConfirmsTheExpectationKeepsTheOrder) {
  EXPECT_THAT(AfterOneOfEach(10'000, 1), ElementsAre("cnn", "cnn"));
}

TEST_F(LearnedOrder, IsTheSameAfterARestart) {
  worker_.slots = 9;
  EXPECT_THAT(AfterOneOfEach(1, 10'000), ElementsAre("rnn", "rnn"));
  harness_.Restart();
  worker_.slots = 9;
  worker_.Connect();  // holds nothing: what was granted is ready again
  worker_.slots = 2;
  worker_.Heartbeat();
  EXPECT_THAT(NextTwo(), ElementsAre("rnn", "rnn"));
}

}  // namespace
}  // namespace tutti
