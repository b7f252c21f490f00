// Backups of a running coordinator, the life after a restore, and what is removed in time.
#include <algorithm>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::map<std::string, int> CountRuns(Cluster& cluster) {
  std::map<std::string, int> phases;
  for (const Json& job : cluster.TuttiJson({"jobs", "tiny"})) {
    if (job["kind"] == "train") ++phases[job["phase"].get<std::string>()];
  }
  return phases;
}

Outcome Upkeep(Cluster& cluster, std::vector<std::string> arguments,
               const std::string& state = "state") {
  arguments.insert(arguments.end(), {"--state", cluster.path(state)});
  return RunBinary("tutti-coordinator", arguments);
}

// How often a result of each run was accepted, as the event log tells it.
std::map<std::int64_t, int> ResultsAccepted(Cluster& cluster) {
  std::map<std::int64_t, int> accepted;
  for (const Json& event : cluster.Events()) {
    if (event["kind"] == "result_accepted") ++accepted[event["job"].get<std::int64_t>()];
  }
  return accepted;
}

TEST(Upkeep, AfterARestoreTheSameWorkersComeBackAndEveryRunHasOneResult) {
  Cluster cluster;
  cluster.StartWorker("one");
  cluster.StartWorker("two");
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[1, 2, 3, 4, 5, 6, 7, 8]";
  sweep.epochs = 30;
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep))}).code(), 0);
  // Some have ended, some run, some wait.
  ASSERT_TRUE(Eventually([&] { return CountRuns(cluster)["succeeded"] >= 2; }));
  const Outcome backed_up = Upkeep(cluster, {"backup", cluster.path("backup")});
  ASSERT_EQ(backed_up.code(), 0) << testing::PrintToString(backed_up);
  EXPECT_THAT(backed_up.out, HasSubstr("hard links"));
  const int at_backup = CountRuns(cluster)["succeeded"];
  // What the backup does not know: more results, attempts that have gone on.
  ASSERT_TRUE(Eventually([&] { return CountRuns(cluster)["succeeded"] >= at_backup + 2; }));
  cluster.KillCoordinator();
  std::filesystem::rename(cluster.path("state"), cluster.path("lost"));
  const Outcome restored = Upkeep(cluster, {"restore", cluster.path("backup")});
  ASSERT_EQ(restored.code(), 0) << testing::PrintToString(restored);

  cluster.StartCoordinator();
  EXPECT_EQ(cluster.Tutti({"watch", "tiny"}).code(), 0);
  EXPECT_EQ(CountRuns(cluster), (std::map<std::string, int>{{"succeeded", 8}}));
  const auto accepted = ResultsAccepted(cluster);
  for (const Json& job : cluster.TuttiJson({"jobs", "tiny"})) {
    EXPECT_EQ(accepted.at(job["id"].get<std::int64_t>()), 1) << job.dump();
  }
  const Json table = cluster.TuttiJson({"table", "tiny", "--format", "json"});
  EXPECT_EQ(table["cells"][0]["done"], 8);
  const Outcome checked = Upkeep(cluster, {"check"});
  EXPECT_EQ(checked.code(), 0) << testing::PrintToString(checked);
  cluster.StopCoordinator();
  EXPECT_EQ(Upkeep(cluster, {"check"}).code(), 0);
}

TEST(Upkeep, ARestoreNeedsANewFolderAndASoundBackup) {
  Cluster cluster;
  cluster.AddTinyMusic();
  ASSERT_EQ(Upkeep(cluster, {"backup", cluster.path("backup")}).code(), 0);
  const Outcome again = Upkeep(cluster, {"backup", cluster.path("backup")});
  EXPECT_EQ(again.code(), 1);
  EXPECT_THAT(again.err, HasSubstr("is not empty"));
  const Outcome occupied = Upkeep(cluster, {"restore", cluster.path("backup")});
  EXPECT_EQ(occupied.code(), 1);
  EXPECT_THAT(occupied.err, AllOf(HasSubstr("is not empty"), HasSubstr("name a new one")));
  // A track is lost.
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(cluster.path("backup") / "blobs")) {
    if (!entry.is_regular_file() || entry.file_size() < 10'000) continue;
    std::filesystem::remove(entry.path());
    break;
  }
  const Outcome damaged = Upkeep(cluster, {"restore", cluster.path("backup")}, "new");
  EXPECT_EQ(damaged.code(), 1);
  EXPECT_THAT(damaged.out, AllOf(HasSubstr("a blob is missing"), HasSubstr("1 findings")));
  EXPECT_FALSE(std::filesystem::exists(cluster.path("new")));
  EXPECT_EQ(Upkeep(cluster, {"check"}, "nowhere").code(), 1);
}

TEST(Upkeep, FilesThatNothingNamesAnyMoreGo) {
  Cluster cluster({"--keep-unnamed", "1s", "--collect-every", "200ms"});
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep)), "--wait"}).code(), 0);
  // Manifest, 30 tracks, a shard, and the weights.
  EXPECT_TRUE(Eventually([&] { return cluster.CountBlobs() == 33; })) << cluster.CountBlobs();
  ASSERT_EQ(cluster.Tutti({"delete", "tiny"}).code(), 0);
  EXPECT_TRUE(Eventually([&] { return cluster.CountBlobs() == 32; })) << cluster.CountBlobs();
  EXPECT_EQ(Upkeep(cluster, {"check"}).code(), 0);
  // And a sweep finds all that it needs.
  sweep.name = "again";
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep)), "--wait"}).code(), 0);
}

// By job, what the event says.
std::map<std::int64_t, std::string> WeightsRemoved(Cluster& cluster) {
  std::map<std::int64_t, std::string> removed;
  for (const Json& event : cluster.Events()) {
    if (event["kind"] != "weights_removed") continue;
    const auto [place, is_new] = removed.emplace(event["job"].get<std::int64_t>(), event["detail"]);
    EXPECT_TRUE(is_new) << event.dump();
  }
  return removed;
}

TEST(Upkeep, AboveTheQuotaTheWeightsOfAllRunsButTheBestGo) {
  Cluster cluster({"--weights-quota", "1B", "--keep-unnamed", "1s", "--collect-every", "200ms"});
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[1, 2, 3]";
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep)), "--wait"}).code(), 0);
  ASSERT_TRUE(Eventually([&] { return WeightsRemoved(cluster).size() >= 2; }));
  const auto removed = WeightsRemoved(cluster);
  const auto get = [&](const std::string& job) {
    return cluster.Tutti({"checkpoint", "get", job, cluster.path("best.safetensors")});
  };
  double best = 0;
  double kept = -1;
  for (const Json& job : cluster.TuttiJson({"jobs", "tiny"})) {
    if (job["kind"] != "train") continue;
    const auto id = job["id"].get<std::int64_t>();
    const std::string number = std::to_string(id);
    SCOPED_TRACE("job " + number);
    best = std::max(best, job["f1_macro"].get<double>());
    if (!removed.contains(id)) {
      kept = job["f1_macro"].get<double>();
      const Outcome got = get(number);
      EXPECT_EQ(got.code(), 0) << testing::PrintToString(got);
      continue;
    }
    EXPECT_THAT(removed.at(id), HasSubstr("by retention (--weights-quota 1B)"));
    ASSERT_TRUE(Eventually([&] { return get(number).code() != 0; }));
    EXPECT_THAT(get(number).err,
                AllOf(HasSubstr("the weights \"best\" of job " + number),
                      HasSubstr("were removed by retention"), HasSubstr("tutti replay " + number)));
  }
  EXPECT_EQ(removed.size(), 2U);
  EXPECT_EQ(kept, best);
  EXPECT_EQ(cluster.TuttiJson({"table", "tiny", "--format", "json"})["cells"][0]["done"], 3);
  const Outcome checked = Upkeep(cluster, {"check"});
  EXPECT_EQ(checked.code(), 0) << testing::PrintToString(checked);
}

}  // namespace
}  // namespace tutti
