// What people do with a fleet: drain and undrain workers, ask why something waits or failed, delete
// datasets.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class Operations : public testing::Test {
 protected:
  RunningBinary& Worker(const std::string& name) {
    return cluster_.StartWorker(
        name, 1, {"--resume-interval", "0s", "--resume-upload-interval", "0s", "--allow-command"});
  }
  void Submit(const std::string& text) {
    const Outcome submitted = cluster_.Tutti({"submit", cluster_.SweepFile(text)});
    ASSERT_EQ(submitted.code(), 0) << testing::PrintToString(submitted);
  }
  // Runs until it is told to end.
  void SubmitEndless() {
    Submit(R"(name: endless
runner: {command: [sh, -c, "while :; do sleep 1; done"]}
grid: {x: [1]}
)");
  }
  Json RunOf(const std::string& sweep) {
    for (const Json& job : cluster_.TuttiJson({"jobs", sweep})) {
      if (job["kind"] != "preprocess") return job;
    }
    return nullptr;
  }
  bool RunsOn(const std::string& sweep, const std::string& worker) {
    return Eventually([&] {
      const Json run = RunOf(sweep);
      return run["phase"] == "running" && run["worker"] == worker;
    });
  }
  Json WorkerNamed(const std::string& name) {
    for (const Json& worker : cluster_.TuttiJson({"workers"})) {
      if (worker["name"] == name) return worker;
    }
    return nullptr;
  }
  bool IsInState(const std::string& worker, const std::string& state) {
    return Eventually([&] { return WorkerNamed(worker)["state"] == state; });
  }
  std::vector<std::string> CodesOf(const std::string& what) {
    std::vector<std::string> codes;
    const Json explained = cluster_.TuttiJson({"explain", what});
    for (const Json& reason : explained["reasons"]) codes.push_back(reason["code"]);
    return codes;
  }

  Cluster cluster_;
};

TEST_F(Operations, ADrainedWorkerGivesBackWhatItRunsAndUndrainedItTakesWorkAgain) {
  Worker("one");
  SubmitEndless();
  ASSERT_TRUE(RunsOn("endless", "one"));
  const Outcome drained = cluster_.Tutti({"drain", "one"});
  EXPECT_EQ(drained.code(), 0) << testing::PrintToString(drained);
  EXPECT_THAT(drained.out, HasSubstr("gives back what it runs (1)"));
  ASSERT_TRUE(IsInState("one", "drained"));
  EXPECT_EQ(RunOf("endless")["phase"], "ready");
  EXPECT_THAT(CodesOf("endless"), Contains("worker_drained"));
  EXPECT_THAT(cluster_.Tutti({"workers"}).out, HasSubstr("tutti undrain takes it back"));
  Worker("two");
  ASSERT_TRUE(RunsOn("endless", "two"));
  EXPECT_EQ(cluster_.Tutti({"undrain", "one"}).code(), 0);
  ASSERT_TRUE(IsInState("one", "connected"));
  EXPECT_EQ(cluster_.Tutti({"drain", "two"}).code(), 0);
  EXPECT_TRUE(RunsOn("endless", "one")) << "without having been started anew";
}

TEST_F(Operations, ATrainingOfADrainedWorkerGoesOnElsewhereWhereItWas) {
  cluster_.AddTinyMusic();
  Worker("one");
  TinySweep sweep;
  sweep.models = "[crnn1d]";
  sweep.seeds = "[333]";
  sweep.epochs = 60;
  Submit(TinySweepFile(sweep));
  ASSERT_TRUE(Eventually([&] {
    const Json epoch = RunOf("tiny")["last_epoch"];
    return !epoch.is_null() && epoch["epoch"].get<int>() >= 3;
  }));
  ASSERT_EQ(cluster_.Tutti({"drain", "one"}).code(), 0);
  ASSERT_TRUE(IsInState("one", "drained"));
  Worker("two");
  ASSERT_EQ(cluster_.Tutti({"watch", "tiny"}).code(), 0);
  const std::string id = std::to_string(RunOf("tiny")["id"].get<int>());
  EXPECT_THAT(cluster_.Tutti({"logs", id}).out, HasSubstr("going on after epoch "));
  const Json attempts = cluster_.TuttiJson({"show", id})["attempts"];
  EXPECT_EQ(attempts[0]["outcome"], "returned") << attempts;
  EXPECT_EQ(attempts.back()["worker"], "two");
  EXPECT_EQ(attempts.back()["device"], "cpu");
}

TEST_F(Operations, ADrainOutlivesStartsOfTheCoordinatorAndOfTheWorker) {
  RunningBinary& worker = Worker("one");
  ASSERT_EQ(cluster_.Tutti({"drain", "one"}).code(), 0);
  cluster_.KillCoordinator();
  cluster_.StartCoordinator();
  ASSERT_TRUE(IsInState("one", "drained"));
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Finish().code(), 0);
  Worker("one");
  EXPECT_TRUE(IsInState("one", "drained"));
  SubmitEndless();
  EXPECT_THAT(CodesOf("endless"), Contains("worker_drained"));
}

TEST_F(Operations, AWorkerIsNamedWithoutDoubtOrByItsId) {
  RunningBinary& first = cluster_.StartWorker("twin");
  first.Signal(SIGTERM);
  EXPECT_EQ(first.Finish().code(), 0);
  std::filesystem::rename(cluster_.path("twin"), cluster_.path("other"));
  cluster_.StartWorker("twin");
  const Outcome doubt = cluster_.Tutti({"drain", "twin"});
  EXPECT_EQ(doubt.code(), 2);
  const Json workers = cluster_.TuttiJson({"workers"});
  ASSERT_EQ(workers.size(), 2U);
  for (const Json& worker : workers) EXPECT_THAT(doubt.err, HasSubstr(worker["id"]));
  EXPECT_EQ(cluster_.Tutti({"drain", workers[0]["id"]}).code(), 0);
  const Outcome nobody = cluster_.Tutti({"undrain", "nobody"});
  EXPECT_EQ(nobody.code(), 2);
  EXPECT_THAT(nobody.err, HasSubstr("no worker is named \"nobody\""));
}

TEST_F(Operations, ExplainSaysWhyAJobWaitsAndWhatToType) {
  SubmitEndless();
  const std::string id = std::to_string(RunOf("endless")["id"].get<int>());
  EXPECT_THAT(CodesOf(id), testing::ElementsAre("no_worker"));
  cluster_.StartWorker("guarded");
  const Outcome guarded = cluster_.Tutti({"explain", id});
  EXPECT_EQ(guarded.code(), 0);
  EXPECT_THAT(guarded.out, AllOf(HasSubstr("job " + id + " (command, sweep endless) waits"),
                                 HasSubstr("guarded may not run programs"),
                                 HasSubstr("What to do:"), HasSubstr("--allow-command")));
  ASSERT_EQ(cluster_.Tutti({"pause", "endless"}).code(), 0);
  EXPECT_THAT(cluster_.Tutti({"explain", "endless"}).out, HasSubstr("tutti resume endless"));
  ASSERT_EQ(cluster_.Tutti({"resume", "endless"}).code(), 0);
  Worker("free");
  ASSERT_TRUE(RunsOn("endless", "free"));
  const Json running = cluster_.TuttiJson({"explain", id});
  EXPECT_EQ(running["phase"], "running");
  EXPECT_THAT(running["summary"].get<std::string>(), HasSubstr("runs on worker free"));
  EXPECT_EQ(cluster_.Tutti({"explain", "99"}).code(), 2);
  EXPECT_EQ(cluster_.Tutti({"explain", "nothing"}).code(), 2);
}

TEST_F(Operations, ExplainSaysWhyARunFailedWithItsLastWords) {
  Worker("one");
  Submit(R"(name: breaks
runner: {command: [sh, -c, "echo last words; exit 3"]}
grid: {x: [1, 2]}
max_attempts: 2
)");
  ASSERT_EQ(cluster_.Tutti({"watch", "breaks"}).code(), 1);
  const std::string id = std::to_string(RunOf("breaks")["id"].get<int>());
  EXPECT_THAT(cluster_.Tutti({"explain", id}).out,
              AllOf(HasSubstr("failed: crashed"), HasSubstr("exit code 3"),
                    HasSubstr("2 attempts failed; max_attempts is 2"), HasSubstr("last words"),
                    HasSubstr("tutti retry breaks --failed")));
  EXPECT_THAT(cluster_.Tutti({"explain", "breaks"}).out, HasSubstr("2 runs failed as crashed"));
}

TEST_F(Operations, ADatasetIsDeletedOnceNoSweepIsOverIt) {
  cluster_.AddTinyMusic();
  TinySweep sweep;
  Submit(TinySweepFile(sweep));
  const Outcome used = cluster_.Tutti({"dataset", "delete", "tiny"});
  EXPECT_EQ(used.code(), 2);
  EXPECT_THAT(used.err, AllOf(HasSubstr("in use by: tiny"), HasSubstr("tutti delete SWEEP")));
  ASSERT_EQ(cluster_.Tutti({"delete", "tiny"}).code(), 0);
  EXPECT_EQ(cluster_.Tutti({"dataset", "delete", "tiny"}).code(), 0);
  EXPECT_EQ(cluster_.TuttiJson({"dataset", "list"}).size(), 0U);
  EXPECT_EQ(cluster_.Tutti({"dataset", "delete", "tiny"}).code(), 2);
}

TEST_F(Operations, AMistypedNameIsAnsweredWithTheNearest) {
  cluster_.AddTinyMusic();
  SubmitEndless();
  Worker("anna");
  const auto told = [&](const std::vector<std::string>& command) {
    const Outcome refused = cluster_.Tutti(command);
    EXPECT_EQ(refused.code(), 2) << command[0];
    return refused.err;
  };
  for (const char* command : {"table", "jobs", "show", "watch", "explain", "pause", "cancel"}) {
    EXPECT_THAT(told({command, "endles"}),
                HasSubstr("no sweep is named \"endles\", did you mean \"endless\"?"))
        << command;
  }
  EXPECT_THAT(told({"drain", "ana"}), HasSubstr("did you mean \"anna\"?"));
  EXPECT_THAT(told({"dataset", "show", "tinny"}), HasSubstr("did you mean \"tiny\"?"));
  EXPECT_THAT(told({"dataset", "delete", "tinny"}), HasSubstr("did you mean \"tiny\"?"));
  std::string text = TinySweepFile(TinySweep{});
  text.replace(text.find("dataset: tiny"), 13, "dataset: tinny");
  EXPECT_THAT(told({"submit", cluster_.SweepFile(text)}),
              HasSubstr("dataset \"tinny\" is not registered, did you mean \"tiny\"?"));
  TinySweep sweep;
  sweep.models = "[crn1d]";
  EXPECT_THAT(told({"submit", cluster_.SweepFile(TinySweepFile(sweep))}),
              HasSubstr("did you mean \"crnn1d\"?"));
  EXPECT_THAT(told({"submti", "sweep.yaml"}), HasSubstr("did you mean \"submit\"?"));
  EXPECT_THAT(told({"submit", "--dryrun", "s.yaml"}), HasSubstr("did you mean \"--dry-run\"?"));
}

TEST_F(Operations, ReadersMayAskWhyAndChangeNothing) {
  SubmitEndless();
  EXPECT_EQ(cluster_.Tutti({"explain", "endless"}, "reader").code(), 0);
  const std::vector<std::vector<std::string>> changes{
      {"drain", "nobody"}, {"undrain", "nobody"}, {"dataset", "delete", "nothing"}};
  for (const std::vector<std::string>& change : changes) {
    EXPECT_EQ(cluster_.Tutti(change, "reader").code(), 4) << change[0];
  }
}

}  // namespace
}  // namespace tutti
