// The operator's command at a sweep's first failure and at its end.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"

namespace tutti {
namespace {

std::string Contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Notify, RunsAtTheFirstFailureAndAtTheEndOfEachSweepOnce) {
  TempDir folder;
  const auto told = folder.path() / "told";
  Cluster cluster(
      {"--notify",
       "echo \"$TUTTI_EVENT $TUTTI_SWEEP $TUTTI_SUCCEEDED $TUTTI_FAILED\" >> " + told.string()});
  cluster.StartWorker("anna", 2, {"--allow-command"});
  const std::string sweep = cluster.SweepFile(R"(name: mixed
runner:
  command: [sh, -c, 'exit "$0"', "${number}"]
grid: {number: [0, 1, 2]}
max_attempts: 1
)");
  EXPECT_EQ(cluster.Tutti({"submit", sweep, "--wait"}).code(), 1);
  const auto has_ended = [&] {
    return Contents(told).find("sweep_ended mixed 1 2\n") != std::string::npos;
  };
  EXPECT_TRUE(Eventually(has_ended)) << Contents(told);
  EXPECT_THAT(Contents(told), testing::StartsWith("first_failure mixed "));
  // Another try fails for its first time, and ends.
  EXPECT_EQ(cluster.Tutti({"retry", "mixed"}).code(), 0);
  const auto lines = [&] {
    const std::string text = Contents(told);
    return std::ranges::count(text, '\n');
  };
  EXPECT_TRUE(Eventually([&] { return lines() == 4; })) << Contents(told);
  EXPECT_THAT(Contents(told), testing::EndsWith("sweep_ended mixed 1 2\n"));
}

// The command for the first sweep takes its time; the second one ends meanwhile, and then the
// coordinator is killed before it has looked again.
TEST(Notify, ASweepThatEndsJustBeforeAKillIsToldAfterTheNextStart) {
  TempDir folder;
  const auto told = folder.path() / "told";
  const auto go = folder.path() / "go";
  Cluster cluster({"--notify", "echo \"$TUTTI_EVENT $TUTTI_SWEEP\" >> " + told.string() +
                                   "; while [ ! -e " + go.string() + " ]; do sleep 0.1; done"});
  cluster.StartWorker("anna", 1, {"--allow-command"});
  const auto run = [&](const std::string& name) {
    const std::string sweep = cluster.SweepFile("name: " + name + R"(
runner:
  command: [sh, -c, 'exit 0', "${number}"]
grid: {number: [0]}
)");
    EXPECT_EQ(cluster.Tutti({"submit", sweep, "--wait"}).code(), 0);
  };
  const auto times = [&](const std::string& line) {
    std::istringstream text(Contents(told));
    int count = 0;
    for (std::string one; std::getline(text, one);) count += one == line ? 1 : 0;
    return count;
  };
  run("first");
  ASSERT_TRUE(Eventually([&] { return times("sweep_ended first") == 1; })) << Contents(told);
  run("second");
  cluster.KillCoordinator();
  EXPECT_EQ(times("sweep_ended second"), 0);
  std::ofstream(go).close();
  cluster.StartCoordinator();
  EXPECT_TRUE(Eventually([&] { return times("sweep_ended second") == 1; })) << Contents(told);
  // And once only: what was told before a calm start is not told again.
  cluster.StopCoordinator();
  cluster.StartCoordinator();
  run("third");
  EXPECT_TRUE(Eventually([&] { return times("sweep_ended third") == 1; })) << Contents(told);
  EXPECT_EQ(times("sweep_ended second"), 1);
}

}  // namespace
}  // namespace tutti
