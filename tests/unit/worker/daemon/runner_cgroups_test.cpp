// Needs a cgroup (version 2) that this process may make another one in: a root's, or a delegated
// one. Where there is none the tests say so.
#include "worker/daemon/runner_cgroups.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/xattr.h>

#include "common/process.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

namespace fs = std::filesystem;

class RunnerCgroupsTest : public testing::Test {
 protected:
  // This process goes into a cgroup of its own, marked as systemd marks what it delegates.
  void SetUp() override {
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (fs::exists(fs::path(mount) / "cgroup.procs")) mount_ = mount;
    }
    if (mount_.empty()) GTEST_SKIP() << "no cgroups of version 2 are mounted here";
    std::ifstream lines("/proc/self/cgroup");
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("0::")) before_ = mount_.string() + line.substr(3);
    }
    own_ = before_ / ("tutti-test-" + std::to_string(::getpid()));
    std::error_code error;
    if (!fs::create_directory(own_, error)) GTEST_SKIP() << own_ << ": " << error.message();
    entered_ = ::setxattr(own_.c_str(), "user.delegate", "1", 1, 0) == 0 && Enter(own_);
    if (!entered_) GTEST_SKIP() << own_ << " cannot be marked and entered";
  }
  void TearDown() override {
    EXPECT_TRUE(!entered_ || Enter(before_));
    if (own_.empty()) return;
    std::error_code ignored;
    fs::remove(own_, ignored);
  }
  static bool Enter(const fs::path& cgroup) {
    std::ofstream procs(cgroup / "cgroup.procs");
    procs << ::getpid() << std::flush;
    return procs.good();
  }
  // A shell in the cgroup whose child has left its group and cleared its environment.
  std::unique_ptr<ChildProcess> SpawnIn(const fs::path& cgroup) {
    SpawnOptions options;
    options.argv = {"sh", "-c", "env -i setsid sleep 1000 & echo ready; exit 0"};
    options.output = Stream::kPipe;
    options.cgroup = cgroup;
    auto child = Spawn(options);
    EXPECT_TRUE(IsOk(child));
    return *std::move(child);
  }

  PosixFileSystem files_;
  fs::path mount_;
  fs::path before_;
  fs::path own_;
  bool entered_ = false;
};

TEST_F(RunnerCgroupsTest, WhateverHidesInACgroupEndsWithIt) {
  const auto cgroups = RunnerCgroups::Find(files_, "mark", {});
  ASSERT_NE(cgroups, nullptr);
  const fs::path made = cgroups->Make();
  ASSERT_FALSE(made.empty());
  const auto child = SpawnIn(made);
  child->Wait();
  const UniqueFd output = std::move(child->output());
  cgroups->End(made);
  char c = 0;
  while (::read(output.get(), &c, 1) == 1) {
  }  // until the sleeper has let go
  cgroups->Remove(made);
  while (fs::exists(made)) cgroups->Remove({});
}

TEST_F(RunnerCgroupsTest, CgroupsOfAnEarlierDaemonAreEndedAndOthersAreNot) {
  const auto earlier = RunnerCgroups::Find(files_, "earlier", {});
  ASSERT_NE(earlier, nullptr);
  const fs::path left = earlier->Make();
  const auto child = SpawnIn(left);
  child->Wait();
  const UniqueFd output = std::move(child->output());
  const auto stranger = RunnerCgroups::Find(files_, "stranger", {});
  const fs::path kept = stranger->Make();
  const auto next = RunnerCgroups::Find(files_, "next", {"earlier"});
  char c = 0;
  while (::read(output.get(), &c, 1) == 1) {
  }
  EXPECT_TRUE(fs::exists(kept));
  while (fs::exists(left)) next->Remove({});
  stranger->Remove(kept);
}

TEST(RunnerCgroups, AreNotMadeInACgroupThatNobodyDelegated) {
  PosixFileSystem files;
  std::string own;
  std::ifstream lines("/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) own = line.substr(3);
  }
  if (::geteuid() != 0 || own != "/") GTEST_SKIP() << "only the root's own is surely not delegated";
  EXPECT_EQ(RunnerCgroups::Find(files, "mark", {}), nullptr);
}

}  // namespace
}  // namespace tutti
