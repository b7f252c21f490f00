// Sweeps of the user's own program.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

Json RunsOf(Cluster& cluster, const std::string& sweep) {
  Json runs = Json::array();
  for (const Json& job : cluster.TuttiJson({"jobs", sweep})) {
    if (job["kind"] == "command") runs.push_back(job);
  }
  return runs;
}

TEST(Command, PythonRunnerTrains) {
  Cluster cluster;
  cluster.StartWorker("one", 2, {"--allow-command"});
  cluster.AddTinyMusic();
  std::filesystem::copy(std::string(TUTTI_SOURCE_DIR) + "/tests/system/python_runner",
                        cluster.path("mine"), std::filesystem::copy_options::recursive);
  const std::string file = cluster.SweepFile(R"(name: mine
dataset: tiny
runner:
  command: [python3, train.py, "${bands}"]
  files: mine
grid:
  bands: [8, 32]
  seed: [333, 123]
features: {clip_seconds: 2}
)");
  const Outcome ended = cluster.Tutti({"submit", file, "--wait"});
  ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended)
                             << cluster.TuttiJson({"jobs", "mine"});
  const Json table = cluster.TuttiJson({"table", "mine", "--metric", "song_accuracy"});
  ASSERT_EQ(table["cells"].size(), 2U);
  EXPECT_EQ(table["cells"][0]["config"], (Json{{"bands", 8}}));
  for (const Json& cell : table["cells"]) {
    EXPECT_EQ(cell["done"], 2);
    EXPECT_EQ(cell["planned"], 2);
    EXPECT_GT(cell["average"].get<double>(), 0.8) << "three timbres are easily told apart";
  }
  const std::string id = std::to_string(RunsOf(cluster, "mine")[0]["id"].get<int>());
  EXPECT_EQ(cluster.TuttiJson({"show", id})["artifacts"][0]["name"], "means");
  // The same program and the same names: nothing new. Another program: other runs.
  EXPECT_EQ(cluster.TuttiJson({"submit", file})["runs_added"], 0);
  WriteFile(cluster.path("mine/train.py"), "raise SystemExit(3)\n");
  const Outcome changed = cluster.Tutti({"submit", file});
  EXPECT_EQ(changed.code(), 2) << testing::PrintToString(changed);
  EXPECT_THAT(changed.err, HasSubstr("runner.files"));
}

TEST(Command, LogsArriveWhileTheProgramRunsAndStayWhenItsWorkerIsLost) {
  Cluster cluster;
  RunningBinary& worker = cluster.StartWorker("one", 1, {"--allow-command"});
  const std::string file = cluster.SweepFile(R"(name: talks
runner: {command: [sh, -c, "echo first; echo second >&2; while :; do sleep 1; done"]}
grid: {x: [1]}
)");
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  const std::string id = std::to_string(RunsOf(cluster, "talks")[0]["id"].get<int>());
  EXPECT_TRUE(Eventually([&] {
    const std::string log = cluster.Tutti({"logs", id}).out;
    return log.find("first\n") != std::string::npos && log.find("second\n") != std::string::npos;
  }));
  worker.Signal(SIGKILL);
  worker.Finish();
  ASSERT_EQ(cluster.Tutti({"cancel", "talks"}).code(), 0);
  const Json attempt = cluster.TuttiJson({"show", id})["attempts"][0];
  EXPECT_THAT(attempt["log_tail"], testing::UnorderedElementsAre("first", "second"));
}

TEST(Command, WithoutDatasetAndEventsTheExitCodeIsTheResult) {
  Cluster cluster;
  cluster.StartWorker("one", 1, {"--allow-command"});
  const std::string file = cluster.SweepFile(R"(name: shell
runner:
  command: [sh, -c, "echo this is $TOLD; test $1 -lt 2 || exit 7", sh, "${n}"]
  environment: {TOLD: a log line}
grid: {n: [1, 2]}
max_attempts: 1
)");
  const Outcome ended = cluster.Tutti({"submit", file, "--wait"});
  EXPECT_EQ(ended.code(), 1) << testing::PrintToString(ended);
  const Json runs = RunsOf(cluster, "shell");
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0]["phase"], "succeeded") << runs[0];
  EXPECT_EQ(runs[1]["phase"], "failed") << runs[1];
  const Json shown = cluster.TuttiJson({"show", std::to_string(runs[1]["id"].get<int>())});
  EXPECT_EQ(shown["attempts"][0]["exit_code"], 7);
  EXPECT_EQ(shown["attempts"][0]["log_tail"], Json::array({"this is a log line"}));
}

TEST(Command, AValueIsOneArgumentAndMeetsNoShell) {
  Cluster cluster;
  cluster.StartWorker("one", 1, {"--allow-command"});
  const std::string file = cluster.SweepFile(R"yaml(name: quoting
runner:
  command: [python3, -c, "import sys, json; print(json.dumps({'event': 'result', 'metrics': {'arguments': len(sys.argv) - 1, 'length': len(sys.argv[1])}}))", "${text}"]
grid: {text: ["a b; touch planted $(id) `id` '\""]}
)yaml");
  const Outcome ended = cluster.Tutti({"submit", file, "--wait"});
  ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended) << RunsOf(cluster, "quoting");
  const Json run = RunsOf(cluster, "quoting")[0];
  const Json shown = cluster.TuttiJson({"show", std::to_string(run["id"].get<int>())});
  EXPECT_EQ(shown["metrics"]["arguments"], 1);
  EXPECT_EQ(shown["metrics"]["length"], 32);
}

TEST(Command, AWorkerRunsForeignProgramsOnlyWhenItsOperatorSaidSo) {
  Cluster cluster;
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  const std::string file =
      cluster.SweepFile("name: shell\nrunner: {command: [sh, -c, exit]}\n", "shell.yaml");
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep)), "--wait"}).code(), 0);
  EXPECT_EQ(RunsOf(cluster, "shell")[0]["phase"], "ready");
  cluster.StartWorker("two", 1, {"--allow-command"});
  EXPECT_EQ(cluster.Tutti({"watch", "shell"}).code(), 0);
}

TEST(Command, MistakesAreToldWithTheirPlace) {
  Cluster cluster;
  const auto refused = [&](const std::string& text) {
    const Outcome outcome = cluster.Tutti({"submit", cluster.SweepFile(text)});
    EXPECT_EQ(outcome.code(), 2) << text;
    return outcome.err;
  };
  EXPECT_THAT(refused("name: a\nrunner: {command: [sh, \"${lr}\"]}\ngrid: {rate: [1]}\n"),
              HasSubstr("sweep.yaml:2: runner: command: ${lr} is the name of no single value"));
  EXPECT_THAT(refused("name: a\nrunner: {command: []}\n"), HasSubstr("command: expected a list"));
  EXPECT_THAT(refused("name: a\nrunner: {comand: [sh]}\n"), HasSubstr("unknown key \"comand\""));
  EXPECT_THAT(refused("name: a\nrunner: {command: [sh], files: nowhere}\n"), HasSubstr("nowhere"));
  EXPECT_THAT(refused("name: a\nrunner: {command: [sh]}\nconfig: {lr: 1}\ngrid: {lr: [2]}\n"),
              HasSubstr("config.lr: stands under config and under grid"));
}

}  // namespace
}  // namespace tutti
