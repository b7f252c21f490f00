// What becomes of a sweep between its first submit and its deletion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

TinySweep OneRun() {
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  return sweep;
}

Json RunsOf(Cluster& cluster, const std::string& sweep = "tiny") {
  Json runs = Json::array();
  for (const Json& job : cluster.TuttiJson({"jobs", sweep})) {
    if (job["kind"] == "train") runs.push_back(job);
  }
  return runs;
}

bool AnEpochIsTold(Cluster& cluster) {
  return Eventually([&] { return !RunsOf(cluster)[0]["last_epoch"].is_null(); });
}

TEST(SweepLife, SecondSweepPreprocessesNothing) {
  Cluster cluster;
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep)), "--wait"}).code(), 0);
  sweep.name = "again";
  const std::string file = cluster.SweepFile(TinySweepFile(sweep), "again.yaml");
  EXPECT_EQ(cluster.TuttiJson({"submit", file})["preprocess_jobs_added"], 0);
  EXPECT_EQ(cluster.Tutti({"watch", "again"}).code(), 0);
}

TEST(SweepLife, ExtendAddsOnlyNewRuns) {
  Cluster cluster;
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep = OneRun();
  const std::string file = cluster.SweepFile(TinySweepFile(sweep));
  ASSERT_EQ(cluster.Tutti({"submit", file, "--wait"}).code(), 0);
  const Json first = RunsOf(cluster)[0];
  sweep.seeds = "[333, 123]";
  cluster.SweepFile(TinySweepFile(sweep));
  const Json report = cluster.TuttiJson({"submit", file, "--wait"});
  EXPECT_EQ(report["runs_added"], 1);
  EXPECT_EQ(report["runs_already_there"], 1);
  EXPECT_EQ(report["preprocess_jobs_added"], 0);
  const Json runs = RunsOf(cluster);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0], first) << "what was done is not done again";
  EXPECT_EQ(cluster.TuttiJson({"table", "tiny"})["cells"][0]["done"], 2);
}

TEST(SweepLife, AChangedOptionIsRefusedWithTheDifference) {
  Cluster cluster;
  cluster.AddTinyMusic();
  TinySweep sweep = OneRun();
  const std::string file = cluster.SweepFile(TinySweepFile(sweep));
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  sweep.epochs = 4;
  cluster.SweepFile(TinySweepFile(sweep));
  const Outcome refused = cluster.Tutti({"submit", file});
  EXPECT_EQ(refused.code(), 2) << testing::PrintToString(refused);
  EXPECT_THAT(refused.err, HasSubstr("training.epochs"));
  EXPECT_THAT(refused.err, HasSubstr("3"));
  EXPECT_THAT(refused.err, HasSubstr("4"));
}

TEST(SweepLife, PruneRemovesWhatTheFileNoLongerNames) {
  Cluster cluster;
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep = OneRun();
  sweep.seeds = "[333, 123]";
  const std::string file = cluster.SweepFile(TinySweepFile(sweep));
  ASSERT_EQ(cluster.Tutti({"submit", file, "--wait"}).code(), 0);
  sweep.seeds = "[123]";
  cluster.SweepFile(TinySweepFile(sweep));
  EXPECT_EQ(cluster.TuttiJson({"submit", file})["runs_no_longer_named"], 1);
  EXPECT_EQ(RunsOf(cluster).size(), 2U) << "nothing goes unasked";
  EXPECT_EQ(cluster.TuttiJson({"submit", file, "--prune", "--dry-run"})["runs_removed"], 0);
  EXPECT_EQ(cluster.TuttiJson({"submit", file, "--prune"})["runs_removed"], 1);
  const Json table = cluster.TuttiJson({"table", "tiny"});
  EXPECT_EQ(table["cells"][0]["planned"], 1);
  EXPECT_TRUE(table["cells"][0]["values"].contains("123"));
}

TEST(SweepLife, CancelEndsTheRunnerAndRetryStartsOver) {
  Cluster cluster;
  RunningBinary& worker = cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep = OneRun();
  sweep.epochs = 200;
  const std::string file = cluster.SweepFile(TinySweepFile(sweep));
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  ASSERT_TRUE(AnEpochIsTold(cluster));
  EXPECT_EQ(cluster.TuttiJson({"cancel", "tiny"})["runs"], 1);
  EXPECT_EQ(RunsOf(cluster)[0]["phase"], "cancelled");
  // The slot is free again: its runner was ended, or has heard the cancel and waits for work.
  ASSERT_TRUE(Eventually([&] { return cluster.TuttiJson({"workers"})[0]["busy_slots"] == 0; }));
  EXPECT_EQ(cluster.Tutti({"watch", "tiny"}).code(), 0) << "a cancelled sweep has ended";
  EXPECT_EQ(cluster.TuttiJson({"retry", "tiny", "--failed"})["runs"], 0);
  EXPECT_EQ(cluster.TuttiJson({"retry", "tiny"})["runs"], 1);
  EXPECT_EQ(cluster.Tutti({"watch", "tiny"}).code(), 0);
  const Json run = RunsOf(cluster)[0];
  EXPECT_EQ(run["phase"], "succeeded");
  EXPECT_EQ(run["attempt"], 2);
  EXPECT_FALSE(ChildrenOf(worker.pid(), "tutti-worker").size() > 0);
}

TEST(SweepLife, OneJobCanBeCancelled) {
  Cluster cluster;
  cluster.AddTinyMusic();
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile())}).code(), 0);
  const std::string id = std::to_string(RunsOf(cluster)[1]["id"].get<int>());
  EXPECT_EQ(cluster.Tutti({"cancel", id}).code(), 0);
  EXPECT_EQ(RunsOf(cluster)[1]["phase"], "cancelled");
  EXPECT_EQ(RunsOf(cluster)[0]["phase"], "blocked");
  EXPECT_EQ(cluster.Tutti({"cancel", id}).code(), 2) << "it has ended already";
  EXPECT_EQ(cluster.Tutti({"cancel", id}, "reader").code(), 4);
}

TEST(SweepLife, PauseHoldsAndResumeGoesOn) {
  Cluster cluster;
  cluster.AddTinyMusic();
  const std::string file = cluster.SweepFile(TinySweepFile(OneRun()));
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  ASSERT_EQ(cluster.Tutti({"pause", "tiny"}).code(), 0);
  EXPECT_EQ(cluster.TuttiJson({"sweeps"})[0]["state"], "paused");
  cluster.StartWorker("one");
  // Another sweep is done meanwhile; the paused one got nothing.
  TinySweep other = OneRun();
  other.name = "other";
  const std::string other_file = cluster.SweepFile(TinySweepFile(other), "other.yaml");
  ASSERT_EQ(cluster.Tutti({"submit", other_file, "--wait"}).code(), 0);
  EXPECT_EQ(RunsOf(cluster)[0]["attempt"], 0);
  ASSERT_EQ(cluster.Tutti({"resume", "tiny"}).code(), 0);
  EXPECT_EQ(cluster.Tutti({"watch", "tiny"}).code(), 0);
  EXPECT_EQ(RunsOf(cluster)[0]["phase"], "succeeded");
}

TEST(SweepLife, DeleteFreesTheName) {
  Cluster cluster;
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep = OneRun();
  const std::string file = cluster.SweepFile(TinySweepFile(sweep));
  ASSERT_EQ(cluster.Tutti({"submit", file, "--wait"}).code(), 0);
  const Json table = cluster.TuttiJson({"table", "tiny"});
  EXPECT_EQ(cluster.Tutti({"delete", "tiny"}).code(), 0);
  EXPECT_EQ(cluster.TuttiJson({"sweeps"}).size(), 0U);
  EXPECT_EQ(cluster.Tutti({"table", "tiny"}).code(), 2);
  EXPECT_EQ(cluster.Tutti({"delete", "tiny"}).code(), 2);
  cluster.KillCoordinator();
  cluster.StartCoordinator();
  const Json again = cluster.TuttiJson({"submit", file, "--wait"});
  EXPECT_EQ(again["created"], true);
  EXPECT_EQ(again["preprocess_jobs_added"], 0) << "features outlive the sweep that made them";
  EXPECT_EQ(cluster.TuttiJson({"table", "tiny"})["cells"], table["cells"]) << "bit for bit";
}

TEST(SweepLife, PriorityGoesFirst) {
  Cluster cluster;
  cluster.AddTinyMusic();
  TinySweep sweep = OneRun();
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep))}).code(), 0);
  sweep.name = "urgent";
  const std::string urgent = cluster.SweepFile(TinySweepFile(sweep), "urgent.yaml");
  ASSERT_EQ(cluster.Tutti({"submit", urgent}).code(), 0);
  ASSERT_EQ(cluster.Tutti({"priority", "urgent", "5"}).code(), 0);
  cluster.StartWorker("one");
  ASSERT_EQ(cluster.Tutti({"watch", "tiny"}).code(), 0);
  ASSERT_EQ(cluster.Tutti({"watch", "urgent"}).code(), 0);
  std::vector<std::string> order;
  const Outcome events = cluster.Tutti({"events", "--json"});
  std::istringstream lines(events.out);
  for (std::string line; std::getline(lines, line);) {
    const Json event = Json::parse(line);
    if (event["kind"] == "result_accepted") order.push_back(event["sweep"]);
  }
  ASSERT_EQ(order.size(), 3U) << "a shard and two runs";
  EXPECT_EQ(order[1], "urgent");
  EXPECT_EQ(order[2], "tiny");
}

TEST(SweepLife, ChangesAreForAdminsOnly) {
  Cluster cluster;
  for (const char* command : {"cancel", "pause", "resume", "retry", "delete"}) {
    EXPECT_EQ(cluster.Tutti({command, "nothing"}, "reader").code(), 4) << command;
    EXPECT_EQ(cluster.Tutti({command, "nothing"}).code(), 2) << command;
  }
  EXPECT_EQ(cluster.Tutti({"events"}, "reader").code(), 0);
  EXPECT_EQ(cluster.Tutti({"events"}, "worker").code(), 4);
}

}  // namespace
}  // namespace tutti
