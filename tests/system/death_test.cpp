// Coordinator, workers and runners that die or freeze in the middle of a training: what runs goes
// on, what was learnt is kept, and each run ends with one result.
#include <csignal>
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

class Death : public testing::Test {
 protected:
  Death() { cluster_.AddTinyMusic(); }

  RunningBinary& Worker(const std::string& name, const std::string& upload_interval = "0s") {
    return cluster_.StartWorker(
        name, 1, {"--resume-interval", "0s", "--resume-upload-interval", upload_interval});
  }
  void Submit(const std::string& name, bool wait) {
    TinySweep sweep;
    sweep.name = name;
    sweep.models = "[crnn1d]";
    sweep.seeds = "[333]";
    sweep.epochs = 60;
    std::vector<std::string> arguments{"submit",
                                       cluster_.SweepFile(TinySweepFile(sweep), name + ".yaml")};
    if (wait) arguments.push_back("--wait");
    const Outcome outcome = cluster_.Tutti(arguments);
    ASSERT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  }
  Json RunOf(const std::string& sweep) {
    for (const Json& job : cluster_.TuttiJson({"jobs", sweep})) {
      if (job["kind"] == "train") return job;
    }
    return nullptr;
  }
  std::string IdOf(const std::string& sweep) {
    return std::to_string(RunOf(sweep)["id"].get<int>());
  }
  Json Show(const std::string& sweep) { return cluster_.TuttiJson({"show", IdOf(sweep)}); }
  void WaitUntilUnderWay(const std::string& sweep) {
    ASSERT_TRUE(Eventually([&] {
      const Json epoch = RunOf(sweep)["last_epoch"];
      return !epoch.is_null() && epoch["epoch"].get<int>() >= 3;
    })) << "no epochs were told";
  }
  pid_t RunnerOf(const RunningBinary& worker) {
    const auto runners = ChildrenOf(worker.pid(), "tutti-train");
    EXPECT_EQ(runners.size(), 1U);
    return runners.empty() ? 0 : runners[0];
  }
  std::uintmax_t SpooledBytes(const std::string& worker) {
    std::uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(cluster_.path(worker) / "spool")) {
      bytes += entry.file_size();
    }
    return bytes;
  }
  int AcceptedResults(const std::string& sweep) {
    int accepted = 0;
    std::istringstream lines(cluster_.Tutti({"events", sweep, "--json"}).out);
    for (std::string line; std::getline(lines, line);) {
      const auto event = ParseJson(line, "event");
      if (!event.ok() || (*event)["kind"] != "result_accepted") continue;
      accepted += std::to_string((*event)["job"].get<int>()) == IdOf(sweep) ? 1 : 0;
    }
    return accepted;
  }
  void ExpectAsTheCalmRun() {
    const Json calm = Show("calm");
    const Json hit = Show("hit");
    ASSERT_EQ(hit["phase"], "succeeded") << hit;
    EXPECT_EQ(AcceptedResults("hit"), 1);
    EXPECT_EQ(hit["artifacts"][0]["blob_hash"], calm["artifacts"][0]["blob_hash"]);
    EXPECT_EQ(hit["metrics"], calm["metrics"]);
    ASSERT_EQ(hit["epochs"].size(), calm["epochs"].size()) << "the whole curve";
    for (std::size_t i = 0; i < calm["epochs"].size(); ++i) {
      EXPECT_EQ(hit["epochs"][i]["train_loss"], calm["epochs"][i]["train_loss"]);
      EXPECT_EQ(hit["epochs"][i]["val_loss"], calm["epochs"][i]["val_loss"]);
    }
  }

  Cluster cluster_;
};

TEST_F(Death, RunnersTrainOnWithoutACoordinatorAndNothingOfItIsLost) {
  RunningBinary& worker = Worker("one");
  Submit("calm", true);
  Submit("hit", false);
  WaitUntilUnderWay("hit");
  const pid_t runner = RunnerOf(worker);
  cluster_.KillCoordinator();
  const std::uintmax_t before = SpooledBytes("one");
  ASSERT_TRUE(Eventually([&] { return SpooledBytes("one") > before + 500; }))
      << "epochs are spooled while nobody listens";
  EXPECT_EQ(RunnerOf(worker), runner);
  cluster_.StartCoordinator();
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
  EXPECT_EQ(Show("hit")["attempts"].size(), 1U);
  EXPECT_EQ(RunnerOf(worker), runner) << "it is warm for the next run";
}

TEST_F(Death, AFrozenCoordinatorLosesNoAttempt) {
  Worker("one");
  Worker("two");
  Submit("calm", true);
  Submit("hit", false);
  WaitUntilUnderWay("hit");
  const std::uintmax_t before = SpooledBytes("one") + SpooledBytes("two");
  ASSERT_EQ(::kill(cluster_.coordinator_pid(), SIGSTOP), 0);
  const SystemClock clock;
  const SteadyTime frozen_at = clock.SteadyNow();
  // Longer than the lease of 3 s, and training goes on.
  EXPECT_TRUE(Eventually([&] {
    return clock.SteadyNow() > frozen_at + std::chrono::seconds(5) &&
           SpooledBytes("one") + SpooledBytes("two") > before;
  }));
  ASSERT_EQ(::kill(cluster_.coordinator_pid(), SIGCONT), 0);
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
  EXPECT_EQ(Show("hit")["attempts"].size(), 1U) << Show("hit")["attempts"];
}

TEST_F(Death, AKilledWorkerThatComesBackSavesTheResumeFileItHadNotUploaded) {
  RunningBinary& worker = Worker("one", "1h");
  Submit("calm", true);
  Submit("hit", false);
  WaitUntilUnderWay("hit");
  worker.Signal(SIGKILL);
  worker.Finish();
  Worker("one", "1h");
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
  const Json attempts = Show("hit")["attempts"];
  ASSERT_EQ(attempts.size(), 2U) << attempts;
  EXPECT_EQ(attempts[0]["failure"], "preempted");
  EXPECT_THAT(cluster_.Tutti({"logs", IdOf("hit")}).out, HasSubstr("going on after epoch "));
}

TEST_F(Death, AWorkerThatFrozeLongerThanItsLeaseBringsNoSecondResult) {
  RunningBinary& first = Worker("first");
  Submit("calm", true);
  Submit("hit", false);
  WaitUntilUnderWay("hit");
  const pid_t runner = RunnerOf(first);
  // The runner too, as when the whole machine sleeps.
  for (const pid_t pid : {runner, first.pid()}) ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  Worker("second");
  ASSERT_TRUE(Eventually([&] {
    const Json job = RunOf("hit");
    return job["worker"] == "second" && job["phase"] == "running";
  })) << "the lease runs out";
  for (const pid_t pid : {runner, first.pid()}) ASSERT_EQ(::kill(pid, SIGCONT), 0);
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
  EXPECT_TRUE(Eventually([&] {
    for (const Json& worker : cluster_.TuttiJson({"workers"})) {
      if (worker["connected"] != true || !worker["running"].empty()) return false;
    }
    return true;
  })) << "both are back, and hold nothing";
}

TEST_F(Death, WatchFollowsThroughEveryDeath) {
  RunningBinary& worker = Worker("one");
  Submit("hit", false);
  WaitUntilUnderWay("hit");
  RunningBinary watch("tutti", {"watch", "hit", "--profile", cluster_.profile("admin")});
  ASSERT_TRUE(watch.ReadUntil([&] { return watch.err().find("runs 0/1") != std::string::npos; }));
  ASSERT_EQ(::kill(RunnerOf(worker), SIGKILL), 0);
  cluster_.KillCoordinator();
  ASSERT_TRUE(watch.ReadUntil([&] {
    return watch.err().find("waiting for its return") != std::string::npos;
  })) << watch.err();
  worker.Signal(SIGKILL);
  worker.Finish();
  cluster_.StartCoordinator();
  Worker("one");
  const Outcome watched = watch.Finish(std::chrono::seconds(120));
  EXPECT_EQ(watched.code(), 0) << testing::PrintToString(watched);
  EXPECT_THAT(watched.err, HasSubstr("runs 1/1"));
}

}  // namespace
}  // namespace tutti
