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

}  // namespace
}  // namespace tutti
