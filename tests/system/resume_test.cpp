// Interrupted runs go on where they were, on whatever worker, and end as an undisturbed run does.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

class Resume : public testing::Test {
 protected:
  Resume() { cluster_.AddTinyMusic(); }

  // Uploads what it has after each epoch.
  RunningBinary& Worker(const std::string& name) {
    return cluster_.StartWorker(name, 1,
                                {"--resume-interval", "0s", "--resume-upload-interval", "0s"});
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
  Json Show(const std::string& sweep) {
    return cluster_.TuttiJson({"show", std::to_string(RunOf(sweep)["id"].get<int>())});
  }
  // Some epochs are done and told.
  bool IsUnderWay(const std::string& sweep) {
    return Eventually([&] {
      const Json epoch = RunOf(sweep)["last_epoch"];
      return !epoch.is_null() && epoch["epoch"].get<int>() >= 3;
    });
  }
  void ExpectAsTheCalmRun() {
    const Json calm = Show("calm");
    const Json hit = Show("hit");
    ASSERT_EQ(hit["phase"], "succeeded") << hit;
    EXPECT_GE(hit["attempts"].size(), 2U);
    EXPECT_EQ(hit["artifacts"][0]["blob_hash"], calm["artifacts"][0]["blob_hash"])
        << "the same weights, to the bit";
    EXPECT_EQ(hit["metrics"], calm["metrics"]);
    ASSERT_EQ(hit["epochs"].size(), calm["epochs"].size()) << "the whole curve";
    for (std::size_t i = 0; i < calm["epochs"].size(); ++i) {
      EXPECT_EQ(hit["epochs"][i]["train_loss"], calm["epochs"][i]["train_loss"]);
      EXPECT_EQ(hit["epochs"][i]["val_loss"], calm["epochs"][i]["val_loss"]);
    }
    const std::string log = cluster_.Tutti({"logs", std::to_string(hit["id"].get<int>())}).out;
    EXPECT_THAT(log, HasSubstr("going on after epoch "));
  }

  Cluster cluster_;
};

TEST_F(Resume, ARunWhoseRunnerWasKilledGoesOn) {
  RunningBinary& worker = Worker("one");
  Submit("calm", true);
  Submit("hit", false);
  ASSERT_TRUE(IsUnderWay("hit"));
  const auto runners = ChildrenOf(worker.pid(), "tutti-train");
  ASSERT_FALSE(runners.empty());
  ASSERT_EQ(::kill(runners[0], SIGKILL), 0);
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
}

TEST_F(Resume, ARunOfADrainedWorkerGoesOnElsewhere) {
  RunningBinary& first = cluster_.StartWorker(
      "first", 1, {"--resume-interval", "0s", "--resume-upload-interval", "1h"});
  Submit("calm", true);
  Submit("hit", false);
  ASSERT_TRUE(IsUnderWay("hit"));
  first.Signal(SIGTERM);
  const Outcome drained = first.Finish();
  EXPECT_EQ(drained.code(), 0) << testing::PrintToString(drained);
  EXPECT_EQ(Show("hit")["attempts"][0]["outcome"], "returned");
  Worker("second");
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
}

TEST_F(Resume, ARunOfAKilledWorkerGoesOnElsewhere) {
  RunningBinary& first = Worker("first");
  Submit("calm", true);
  Submit("hit", false);
  ASSERT_TRUE(IsUnderWay("hit"));
  first.Signal(SIGKILL);
  first.Finish();
  Worker("second");
  // The same worker comes back and tells that its run is over: no lease need run out first.
  Worker("first");
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
}

}  // namespace
}  // namespace tutti
