// Interrupted runs go on where they were, on whatever worker, and end as an undisturbed run does.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::ContainsRegex;

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
  int EpochsTold(const std::string& sweep) {
    const Json epoch = RunOf(sweep)["last_epoch"];
    return epoch.is_null() ? 0 : epoch["epoch"].get<int>();
  }
  // Some epochs are done and told.
  bool IsUnderWay(const std::string& sweep) {
    return Eventually([&] { return EpochsTold(sweep) >= 3; });
  }
  // A resume file lies at the coordinator, which has been told of it. A run's upload begins when
  // the one before was told, and what is told keeps its order; one more may be of the run before.
  bool CanGoOnElsewhere(const std::string& sweep, int blobs_before) {
    if (!Eventually([&] { return cluster_.CountBlobs() >= blobs_before + 3; })) return false;
    const int told = EpochsTold(sweep);
    return Eventually([&] { return EpochsTold(sweep) > told; });
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
    EXPECT_THAT(log, ContainsRegex("going on after epoch [1-9]"));
  }
  // Workers that have a folder, and so an id and a cache, each.
  void ExpectItMoved(const std::string& from, const std::string& to) {
    const Json attempts = Show("hit")["attempts"];
    EXPECT_EQ(attempts.front()["worker"], from);
    EXPECT_NE(attempts.front()["outcome"], "succeeded");
    EXPECT_EQ(attempts.back()["worker"], to);
    EXPECT_EQ(attempts.back()["outcome"], "succeeded");
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
  ExpectItMoved("first", "second");
}

TEST_F(Resume, ARunOfAKilledWorkerGoesOnElsewhere) {
  RunningBinary& first = Worker("first");
  Submit("calm", true);
  const int blobs = cluster_.CountBlobs();
  Submit("hit", false);
  ASSERT_TRUE(CanGoOnElsewhere("hit", blobs));
  first.Signal(SIGKILL);
  first.Finish();
  // The first never comes back: the second gets the run when the lease has run out.
  Worker("second");
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
  ExpectItMoved("first", "second");
}

TEST_F(Resume, ARunOfAKilledWorkerThatComesBackGoesOn) {
  RunningBinary& worker = Worker("one");
  Submit("calm", true);
  Submit("hit", false);
  ASSERT_TRUE(IsUnderWay("hit"));
  worker.Signal(SIGKILL);
  worker.Finish();
  Worker("one");
  EXPECT_EQ(cluster_.Tutti({"watch", "hit"}).code(), 0);
  ExpectAsTheCalmRun();
}

}  // namespace
}  // namespace tutti
