// What the kernel tells of processes that it ended for want of memory.
#include "worker/daemon/oom_evidence.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

class OomEvidence : public testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    WriteFile(root_ / path, text);
  }
  std::optional<std::uint64_t> Kills() { return KernelOomKills(files_, root_.path()); }

  TempDir root_;
  PosixFileSystem files_;
};

TEST_F(OomEvidence, AControlGroupCountsItsOwn) {
  Write("proc/vmstat", "pgfault 5\noom_kill 70\n");
  Write("proc/self/cgroup", "12:cpu:/old\n0::/system.slice/tutti.service\n");
  Write("sys/fs/cgroup/system.slice/tutti.service/memory.events",
        "low 0\noom 9\noom_kill 3\noom_group_kill 1\n");
  EXPECT_EQ(Kills(), 3U);
}

TEST_F(OomEvidence, TheRootGroupHasNoCounterAndTheMachinesIsTaken) {
  Write("proc/vmstat", "pgfault 5\noom_kill 70\n");
  Write("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(Kills(), 70U);
}

TEST_F(OomEvidence, AnotherCounterIsNotMistakenForIt) {
  Write("proc/vmstat", "drop_oom_kill 5\nother 1\n");
  EXPECT_EQ(Kills(), std::nullopt);
}

TEST_F(OomEvidence, WhereTheKernelTellsNothingNothingIsKnown) {
  EXPECT_EQ(Kills(), std::nullopt);
  Write("proc/vmstat", "oom_kill x\n");
  EXPECT_EQ(Kills(), std::nullopt);
}

TEST_F(OomEvidence, ARecentReadingIsAtMostAsOldAsItMayBe) {
  FakeClock clock;
  OomReadings readings;
  const auto recent = [&] { return readings.Recent(files_, root_.path(), clock); };
  Write("proc/vmstat", "oom_kill 1\n");
  EXPECT_EQ(recent(), 1U);
  Write("proc/vmstat", "oom_kill 2\n");
  clock.Advance(kOomReadingAge - std::chrono::milliseconds(1));
  EXPECT_EQ(recent(), 1U);
  EXPECT_EQ(readings.Now(files_, root_.path(), clock), 2U);
  EXPECT_EQ(recent(), 2U);
  Write("proc/vmstat", "oom_kill 3\n");
  clock.Advance(kOomReadingAge);
  EXPECT_EQ(recent(), 3U);
}

}  // namespace
}  // namespace tutti
