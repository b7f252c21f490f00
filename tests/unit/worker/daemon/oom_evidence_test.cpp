// What the kernel tells of processes that it ended for want of memory.
#include "worker/daemon/oom_evidence.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tutti
