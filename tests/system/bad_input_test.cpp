// What is wrong is named, nothing is lost, and the rest goes on.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

TEST(BadInput, AMistakeInASweepFileIsRefusedWithItsPlace) {
  Cluster cluster;
  cluster.AddTinyMusic();
  struct Mistake {
    std::string good;
    std::string bad;
    std::string said;
  };
  const std::vector<Mistake> mistakes{
      {"training: {", "trainign: {", "training"},
      {"seed: [333, 123]", "seed: [333, dog]", "dog"},
      {"model: [crnn1d, rnn]", "model: []", "model"},
      {"dataset: tiny", "dataset: [1]", "dataset"},
      {"epochs: 3", "epochs: three", "epochs"},
      {"name: tiny", "name: [", "sweep.yaml"},
      {"model: [crnn1d, rnn]", "model: [crnn3d]", "crnn3d"},
  };
  for (const Mistake& mistake : mistakes) {
    std::string text = TinySweepFile();
    text.replace(text.find(mistake.good), mistake.good.size(), mistake.bad);
    const Outcome refused = cluster.Tutti({"submit", cluster.SweepFile(text)});
    EXPECT_EQ(refused.code(), 2) << mistake.bad << testing::PrintToString(refused);
    EXPECT_THAT(refused.err, HasSubstr("sweep.yaml:")) << mistake.bad;
    EXPECT_THAT(refused.err, HasSubstr(mistake.said)) << mistake.bad;
  }
  EXPECT_EQ(cluster.TuttiJson({"sweeps"}).size(), 0U);
}

TEST(BadInput, TracksThatCannotBeDecodedAreNamedAndTheRestGoesOn) {
  Cluster cluster;
  cluster.StartWorker("one");
  WriteTinyMusic(cluster.path("music"));
  WriteFile(cluster.path("music/bell/broken.wav"), "this is no audio at all");
  WriteFile(cluster.path("music/buzz/empty.wav"), "");
  WriteFile(cluster.path("music/hiss/._hiss.00.wav"), "resource fork");
  const Outcome added = cluster.Tutti({"dataset", "add", "tiny", cluster.path("music")});
  ASSERT_EQ(added.code(), 0) << testing::PrintToString(added);
  EXPECT_THAT(added.err, HasSubstr("._hiss.00.wav"));
  EXPECT_THAT(added.err + added.out, HasSubstr("31 tracks"));

  TinySweep sweep;
  sweep.models = "[rnn]";
  const Outcome ended =
      cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep)), "--wait"});
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  const Outcome table = cluster.Tutti({"table", "tiny"});
  EXPECT_THAT(table.out, HasSubstr("2/2"));
  EXPECT_THAT(table.out, HasSubstr("bell/broken.wav"));
}

TEST(BadInput, ARunWhoseRunnerDiesTooOftenFailsWithItsReason) {
  Cluster cluster;
  RunningBinary& worker = cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  sweep.epochs = 100'000;
  sweep.more = "max_attempts: 1\n";
  ASSERT_EQ(cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep))}).code(), 0);
  ASSERT_TRUE(Eventually([&] { return !ChildrenOf(worker.pid(), "tutti-train").empty(); }));
  ASSERT_EQ(::kill(ChildrenOf(worker.pid(), "tutti-train")[0], SIGKILL), 0);
  EXPECT_EQ(cluster.Tutti({"watch", "tiny"}).code(), 1);
  const Outcome jobs = cluster.Tutti({"jobs", "tiny"});
  EXPECT_THAT(jobs.out, HasSubstr("crashed: "));
  EXPECT_THAT(jobs.out, HasSubstr("signal 9"));
  EXPECT_THAT(cluster.Tutti({"table", "tiny"}).out, HasSubstr("0/1"));
}

TEST(BadInput, ADatasetWithoutClassesIsRefused) {
  Cluster cluster;
  WriteFile(cluster.path("flat/a.wav"), "x");
  const Outcome refused = cluster.Tutti({"dataset", "add", "flat", cluster.path("flat")});
  EXPECT_EQ(refused.code(), 2) << testing::PrintToString(refused);
  EXPECT_EQ(cluster.Tutti({"dataset", "add", "none", cluster.path("none")}).code(), 2);
  EXPECT_EQ(cluster.TuttiJson({"dataset", "list"}).size(), 0U);
}

TEST(BadInput, NobodyThereIsExitCodeThree) {
  Cluster cluster;
  cluster.StopCoordinator();
  const Outcome outcome = cluster.Tutti({"sweeps"});
  EXPECT_EQ(outcome.code(), 3) << testing::PrintToString(outcome);
  EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1:"));
}

TEST(BadInput, AnUnknownOptionIsBadInput) {
  EXPECT_EQ(RunBinary("tutti", {"table"}).code(), 2);
  EXPECT_EQ(RunBinary("tutti", {"dance"}).code(), 2);
  EXPECT_EQ(RunBinary("tutti", {"--help"}).code(), 0);
  EXPECT_EQ(RunBinary("tutti-coordinator", {"--dance"}).code(), 2);
  EXPECT_EQ(RunBinary("tutti-worker", {"--dance"}).code(), 2);
  const Outcome no_profile = RunBinary("tutti", {"sweeps", "--profile", "/no/such/file"});
  EXPECT_EQ(no_profile.code(), 3) << testing::PrintToString(no_profile);
}

}  // namespace
}  // namespace tutti
