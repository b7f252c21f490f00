// One bad machine must not eat the sweep: a worker on which everything crashes is set aside while
// another goes on.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"

namespace tutti {
namespace {

using testing::Contains;
using testing::HasSubstr;

class SetAsideWorker : public testing::Test {
 protected:
  // On the worker "bad" each run ends with exit code 7, after the `first` part; elsewhere when
  // `elsewhere` has ended and the file "go" is there. $m: what names of marks begin with.
  void Submit(const std::string& first, const std::string& elsewhere) {
    const std::string script = "m=" + cluster_.path("mark").string() + "; case $$PWD in */bad/*) " +
                               first + " exit 7;; esac; " + elsewhere +
                               " until [ -e $$m.go ]; do sleep 0.05; done";
    const Outcome submitted = cluster_.Tutti(
        {"submit", cluster_.SweepFile("name: mine\nrunner: {command: [sh, -c, \"" + script +
                                      "\"]}\ngrid: {x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\n")});
    ASSERT_EQ(submitted.code(), 0) << testing::PrintToString(submitted);
  }
  void Go() { std::ofstream(cluster_.path("mark.go")) << "go"; }
  void ExpectAllSucceedOnGood() {
    EXPECT_EQ(cluster_.Tutti({"watch", "mine"}).code(), 0);
    for (const Json& job : cluster_.TuttiJson({"jobs", "mine"})) {
      EXPECT_EQ(job["phase"], "succeeded") << job;
      const Json shown = cluster_.TuttiJson({"show", std::to_string(job["id"].get<int>())});
      EXPECT_EQ(shown["attempts"].back()["worker"], "good") << shown;
      EXPECT_LE(job["attempt"].get<int>(), 2) << "a second try goes elsewhere: " << job;
    }
  }
  Json WorkerNamed(const std::string& name) {
    for (const Json& worker : cluster_.TuttiJson({"workers"})) {
      if (worker["name"] == name) return worker;
    }
    return nullptr;
  }

  Cluster cluster_;
};

TEST_F(SetAsideWorker, OnWhichEverythingCrashesIsToldAndTheSweepEndsWell) {
  cluster_.StartWorker("bad", 1, {"--allow-command"});
  cluster_.StartWorker("good", 1, {"--allow-command"});
  // Elsewhere the first one succeeds when there has been a failure: the second run on "bad" begins
  // after the first one's was told.
  Submit("mkdir $$m.1 || mkdir $$m.2;",
         "until [ -e $$m.2 ]; do sleep 0.05; done; mkdir $$m.3 && exit 0;");
  ASSERT_TRUE(Eventually([&] { return WorkerNamed("bad")["state"] == "set aside"; }));
  const Json told = WorkerNamed("bad")["set_aside"];
  ASSERT_EQ(told.size(), 1U) << told;
  EXPECT_EQ(told[0]["device"], "") << "the whole worker";
  EXPECT_THAT(told[0]["reason"].get<std::string>(), HasSubstr("exit code 7"));
  EXPECT_THAT(cluster_.Tutti({"workers"}).out, HasSubstr("set aside until 20"));
  EXPECT_TRUE(WorkerNamed("good")["set_aside"].empty());

  std::vector<std::string> codes;
  const Json explained = cluster_.TuttiJson({"explain", "mine"});
  for (const Json& reason : explained["reasons"]) codes.push_back(reason["code"]);
  EXPECT_THAT(codes, Contains("worker_set_aside")) << explained;
  EXPECT_THAT(cluster_.Tutti({"explain", "mine"}).out, HasSubstr("bad is set aside"));

  Go();
  ExpectAllSucceedOnGood();
}

TEST_F(SetAsideWorker, IsToldWhileTheOthersAreInOneLongRunEach) {
  cluster_.StartWorker("good", 1, {"--allow-command"});
  Submit("", "touch $$m.long;");
  ASSERT_TRUE(Eventually([&] { return std::filesystem::exists(cluster_.path("mark.long")); }));
  cluster_.StartWorker("bad", 1, {"--allow-command"});
  ASSERT_TRUE(Eventually([&] { return WorkerNamed("bad")["state"] == "set aside"; }));
  std::int64_t attempts = 0;
  for (const Json& job : cluster_.TuttiJson({"jobs", "mine"})) {
    attempts += job["attempt"].get<std::int64_t>();
  }
  EXPECT_EQ(attempts, 4) << "three that failed, and the one that still runs";
  Go();
  ExpectAllSucceedOnGood();
}

}  // namespace
}  // namespace tutti
