// A coordinator and workers as separate processes, over TLS on TCP.
#include <csignal>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

Json TrainJobs(Cluster& cluster) {
  Json jobs = Json::array();
  for (const Json& job : cluster.TuttiJson({"jobs", "tiny"})) {
    if (job["kind"] == "train") jobs.push_back(job);
  }
  return jobs;
}

TEST(Fleet, TwoWorkersFillTheTableTogether) {
  Cluster cluster;
  EXPECT_THAT(cluster.ready()["listen"].get<std::string>(), HasSubstr("127.0.0.1:"));
  cluster.StartWorker("one");
  cluster.StartWorker("two");
  cluster.AddTinyMusic();
  const std::string file = cluster.SweepFile(TinySweepFile());
  const Outcome ended = cluster.Tutti({"submit", file, "--wait"});
  ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended);

  const Json table = cluster.TuttiJson({"table", "tiny"});
  ASSERT_EQ(table["cells"].size(), 2U);
  for (const Json& cell : table["cells"]) {
    EXPECT_EQ(cell["done"], 2) << cell;
    EXPECT_EQ(cell["planned"], 2) << cell;
    EXPECT_EQ(cell["values"].size(), 2U) << cell;
  }
  std::set<std::string> workers;
  for (const Json& job : TrainJobs(cluster)) {
    EXPECT_EQ(job["phase"], "succeeded");
    EXPECT_EQ(job["attempt"], 1);
    const Json shown = cluster.TuttiJson({"show", std::to_string(job["id"].get<int>())});
    workers.insert(shown["attempts"][0]["worker"].get<std::string>());
    EXPECT_EQ(shown["epochs"].size(), 3U);
    EXPECT_EQ(shown["artifacts"][0]["name"], "best");
    for (const char* timing : {"queued", "fetch", "load", "train", "test", "total"}) {
      EXPECT_TRUE(shown["timings_seconds"].contains(timing)) << timing << " " << shown;
    }
  }
  EXPECT_THAT(workers, testing::ElementsAre("one", "two"));
}

TEST(Fleet, ARunWhoseRunnerIsKilledSucceedsOnItsSecondAttempt) {
  Cluster cluster;
  RunningBinary& worker = cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  sweep.epochs = 60;
  const Outcome submitted = cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep))});
  ASSERT_EQ(submitted.code(), 0) << testing::PrintToString(submitted);
  ASSERT_TRUE(Eventually([&] {
    const Json jobs = TrainJobs(cluster);
    return !jobs[0]["last_epoch"].is_null();
  })) << "no epoch was told";
  const std::vector<pid_t> runners = ChildrenOf(worker.pid(), "tutti-train");
  ASSERT_EQ(runners.size(), 1U);
  ASSERT_EQ(::kill(runners[0], SIGKILL), 0);

  const Outcome ended = cluster.Tutti({"watch", "tiny"});
  ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  const Json job = TrainJobs(cluster)[0];
  EXPECT_EQ(job["phase"], "succeeded");
  const Json shown = cluster.TuttiJson({"show", std::to_string(job["id"].get<int>())});
  ASSERT_EQ(shown["attempts"].size(), 2U) << shown;
  EXPECT_EQ(shown["attempts"][0]["outcome"], "failed");
  EXPECT_EQ(shown["attempts"][0]["failure"], "crashed");
  EXPECT_EQ(shown["attempts"][0]["signal"], 9);
  EXPECT_EQ(shown["attempts"][1]["outcome"], "succeeded");
  EXPECT_EQ(shown["metrics"]["epochs"], 60);
}

TEST(Fleet, ASecondSubmitAddsNothing) {
  Cluster cluster;
  cluster.AddTinyMusic();
  const std::string file = cluster.SweepFile(TinySweepFile());
  const Json first = cluster.TuttiJson({"submit", file});
  EXPECT_EQ(first["created"], true);
  EXPECT_EQ(first["runs_added"], 4);
  EXPECT_GE(first["preprocess_jobs_added"], 1);
  const Json second = cluster.TuttiJson({"submit", file});
  EXPECT_EQ(second["created"], false);
  EXPECT_EQ(second["runs_added"], 0);
  EXPECT_EQ(second["runs_already_there"], 4);
  EXPECT_EQ(second["preprocess_jobs_added"], 0);
  EXPECT_EQ(TrainJobs(cluster).size(), 4U);
}

TEST(Fleet, ADryRunTellsAndChangesNothing) {
  Cluster cluster;
  cluster.AddTinyMusic();
  const std::string file = cluster.SweepFile(TinySweepFile());
  const Json told = cluster.TuttiJson({"submit", file, "--dry-run"});
  EXPECT_EQ(told["runs_planned"], 4);
  EXPECT_EQ(told["runs_added"], 4);
  EXPECT_EQ(cluster.TuttiJson({"sweeps"}).size(), 0U);
  EXPECT_EQ(cluster.TuttiJson({"submit", file})["runs_added"], 4);
}

TEST(Fleet, ResultsOutliveTheCoordinatorsDeath) {
  Cluster cluster;
  cluster.StartWorker("one", 2);
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  const std::string file = cluster.SweepFile(TinySweepFile(sweep));
  ASSERT_EQ(cluster.Tutti({"submit", file, "--wait"}).code(), 0);
  const Json before = cluster.TuttiJson({"table", "tiny"});
  const Json ready = cluster.ready();
  cluster.KillCoordinator();
  EXPECT_EQ(cluster.Tutti({"table", "tiny"}).code(), 3);
  cluster.StartCoordinator();
  EXPECT_EQ(cluster.ready()["listen"], ready["listen"]) << "port 0 keeps its port";
  EXPECT_EQ(cluster.TuttiJson({"table", "tiny"}), before);
  // The worker comes back by itself and works on.
  sweep.seeds = "[333, 123, 223]";
  cluster.SweepFile(TinySweepFile(sweep));
  EXPECT_EQ(cluster.Tutti({"submit", file, "--wait"}).code(), 0);
  EXPECT_EQ(cluster.TuttiJson({"table", "tiny"})["cells"][0]["done"], 3);
  cluster.StopCoordinator();
}

TEST(Fleet, RolesMayDoWhatTheyAreFor) {
  Cluster cluster;
  cluster.AddTinyMusic();
  const std::string file = cluster.SweepFile(TinySweepFile());
  const Outcome refused = cluster.Tutti({"submit", file}, "reader");
  EXPECT_EQ(refused.code(), 4) << testing::PrintToString(refused);
  EXPECT_EQ(cluster.Tutti({"sweeps"}, "reader").code(), 0);
  EXPECT_EQ(cluster.Tutti({"sweeps"}, "worker").code(), 4);
  // Checked before existence: a reader does not learn which names there are.
  EXPECT_EQ(cluster.Tutti({"submit", file, "--dry-run"}, "worker").code(), 4);
}

TEST(Fleet, AWorkerEndsOnSigterm) {
  Cluster cluster;
  RunningBinary& worker = cluster.StartWorker("one");
  const Json workers = cluster.TuttiJson({"workers"});
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0]["name"], "one");
  EXPECT_EQ(workers[0]["connected"], true);
  worker.Signal(SIGTERM);
  const Outcome ended = worker.Finish();
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  EXPECT_TRUE(Eventually([&] { return cluster.TuttiJson({"workers"})[0]["connected"] == false; }));
}

}  // namespace
}  // namespace tutti
