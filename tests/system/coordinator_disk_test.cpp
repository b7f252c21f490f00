// A coordinator whose disk fills up: it says so, answers what it knows, and goes on by itself.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/small_disk.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr std::int64_t kMebibyte = 1 << 20;

// The state folder is on the disk.
Cluster::Prepare On(const SmallDisk& disk) {
  return [&disk](const std::filesystem::path& folder) {
    std::filesystem::create_directory(disk.path() / "state");
    std::filesystem::create_directory_symlink(disk.path() / "state", folder / "state");
  };
}

std::map<std::string, int> CountRuns(Cluster& cluster) {
  std::map<std::string, int> phases;
  for (const Json& job : cluster.TuttiJson({"jobs", "tiny"})) {
    if (job["kind"] == "train") ++phases[job["phase"].get<std::string>()];
  }
  return phases;
}

std::vector<std::string> EventKinds(Cluster& cluster) {
  std::vector<std::string> kinds;
  for (const Json& event : cluster.Events()) {
    kinds.push_back(event["kind"].get<std::string>());
  }
  return kinds;
}

void ExpectReadsAreAnswered(Cluster& cluster) {
  for (const std::vector<std::string>& question : {std::vector<std::string>{"sweeps"},
                                                   {"jobs", "tiny"},
                                                   {"table", "tiny"},
                                                   {"workers"},
                                                   {"events"},
                                                   {"dataset", "list"}}) {
    const Outcome answer = cluster.Tutti(question);
    EXPECT_EQ(answer.code(), 0) << question[0] << testing::PrintToString(answer);
  }
}

void ExpectNewWorkIsRefused(Cluster& cluster) {
  TinySweep other;
  other.name = "other";
  const Outcome submitted =
      cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(other), "other.yaml")});
  EXPECT_NE(submitted.code(), 0);
  EXPECT_THAT(submitted.err, HasSubstr("disk of"));
  EXPECT_THAT(submitted.err, HasSubstr("goes on by itself"));
  WriteTinyMusic(cluster.path("more"), {.tracks_per_class = 10, .seconds = 1.5});
  const Outcome added = cluster.Tutti({"dataset", "add", "more", cluster.path("more")});
  EXPECT_NE(added.code(), 0);
  EXPECT_THAT(added.err, HasSubstr("disk of"));
}

void ExpectEverythingEndsWell(Cluster& cluster, int runs) {
  EXPECT_EQ(cluster.Tutti({"watch", "tiny"}).code(), 0);
  EXPECT_EQ(CountRuns(cluster), (std::map<std::string, int>{{"succeeded", runs}}));
  cluster.StopCoordinator();
  const Outcome checked =
      RunBinary("tutti-coordinator", {"check", "--state", cluster.path("state")});
  EXPECT_EQ(checked.code(), 0) << testing::PrintToString(checked);
}

TEST(CoordinatorDisk, OneThatIsFullTakesNoWorkAnswersAndGoesOnByItself) {
  SmallDisk disk(32);
  if (!disk.why_not().empty()) GTEST_SKIP() << disk.why_not();
  Cluster cluster({"--min-free", "4MiB"}, On(disk));
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[1, 2, 3, 4, 5]";
  sweep.epochs = 20;
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep))}).code(), 0);
  ASSERT_TRUE(Eventually([&] { return CountRuns(cluster)["succeeded"] >= 1; }));
  disk.FillLeaving(0);
  ExpectNewWorkIsRefused(cluster);
  ExpectReadsAreAnswered(cluster);
  EXPECT_LT(CountRuns(cluster)["succeeded"], 5);
  disk.Free();
  ExpectEverythingEndsWell(cluster, 5);
}

TEST(CoordinatorDisk, OneThatIsNearlyFullTakesTheResultsOfWhatRunsAndLeasesNothing) {
  SmallDisk disk(48);
  if (!disk.why_not().empty()) GTEST_SKIP() << disk.why_not();
  Cluster cluster({"--min-free", "16MiB"}, On(disk));
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[1, 2, 3, 4, 5, 6]";
  sweep.epochs = 40;
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep))}).code(), 0);
  ASSERT_TRUE(Eventually([&] { return CountRuns(cluster)["running"] >= 1; }));
  disk.FillLeaving(12 * kMebibyte);
  // What runs ends well, and nothing follows it.
  ASSERT_TRUE(Eventually([&] {
    auto phases = CountRuns(cluster);
    return phases["running"] + phases["leased"] == 0 && phases["succeeded"] >= 1;
  }));
  EXPECT_GE(CountRuns(cluster)["ready"], 1);
  EXPECT_THAT(EventKinds(cluster), Contains("disk_low"));
  ExpectNewWorkIsRefused(cluster);
  ExpectReadsAreAnswered(cluster);
  disk.Free();
  EXPECT_TRUE(Eventually([&] { return CountRuns(cluster)["succeeded"] == 6; }));
  EXPECT_THAT(EventKinds(cluster), Contains("disk_has_room"));
  ExpectEverythingEndsWell(cluster, 6);
}

}  // namespace
}  // namespace tutti
