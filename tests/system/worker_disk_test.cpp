// A worker whose disk fills up hands its jobs back, takes no more, and goes on when there is room.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/small_disk.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

TEST(WorkerDisk, OneThatIsFullHandsItsJobsBackAndGoesOnWhenThereIsRoom) {
  SmallDisk disk(32);
  if (!disk.why_not().empty()) GTEST_SKIP() << disk.why_not();
  Cluster cluster({}, [&disk](const std::filesystem::path& folder) {
    std::filesystem::create_directory(disk.path() / "one");
    std::filesystem::create_directory_symlink(disk.path() / "one", folder / "one");
  });
  RunningBinary& worker =
      cluster.StartWorker("one", 1, {"--min-free", "4MiB", "--resume-interval", "0s"});
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[1, 2, 3]";
  sweep.epochs = 30;
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep))}).code(), 0);
  const auto runs_in = [&](const std::string& phase) {
    int count = 0;
    for (const Json& job : cluster.TuttiJson({"jobs", "tiny"})) {
      count += job["kind"] == "train" && job["phase"] == phase ? 1 : 0;
    }
    return count;
  };
  ASSERT_TRUE(Eventually([&] { return runs_in("running") == 1; }));
  disk.FillLeaving(0);
  // What runs cannot write its weights.
  const auto returned = [&]() -> std::string {
    for (const Json& event : cluster.Events()) {
      if (event["kind"] == "attempt_returned") return event["detail"];
    }
    return "";
  };
  ASSERT_TRUE(Eventually([&] { return !returned().empty(); }));
  EXPECT_THAT(returned(), HasSubstr("disk"));
  EXPECT_TRUE(Eventually([&] { return runs_in("running") + runs_in("leased") == 0; }));
  EXPECT_EQ(runs_in("failed"), 0);
  disk.Free();
  EXPECT_EQ(cluster.Tutti({"watch", "tiny"}).code(), 0);
  EXPECT_EQ(runs_in("succeeded"), 3);
  for (const Json& event : cluster.Events()) {
    EXPECT_NE(event["kind"], "attempt_failed") << event.dump();
  }
  worker.Signal(SIGTERM);
  EXPECT_THAT(worker.Finish().err, HasSubstr("no jobs are taken until the disk is well again"));
}

}  // namespace
}  // namespace tutti
