// A cgroup (version 2) for each runner, where the machine has delegated the daemon's own to it, as
// systemd does with Delegate=yes: whatever a runner has started ends with it, however it hides.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/file_system.h"

namespace tutti {

// Owned by the loop's thread.
class RunnerCgroups {
 public:
  // Nothing where there is no delegated cgroup, or the kernel cannot end one as a whole (5.14).
  // mark: of this daemon, part of its cgroups' names. Those of earlier daemons are ended.
  static std::unique_ptr<RunnerCgroups> Find(FileSystem& files, std::string mark,
                                             const std::vector<std::string>& earlier_marks);

  // A new one's folder; empty when it cannot be made.
  std::filesystem::path Make();
  // Every process in it, at once. OK for an empty path.
  void End(const std::filesystem::path& cgroup);
  // When its processes are gone; one that cannot be removed yet goes with a later call.
  void Remove(const std::filesystem::path& cgroup);

 private:
  RunnerCgroups(std::filesystem::path own, std::string mark)
      : own_(std::move(own)), mark_(std::move(mark)) {}

  const std::filesystem::path own_;
  const std::string mark_;
  std::uint64_t made_ = 0;
  std::vector<std::filesystem::path> ended_;  // and not removed yet
};

}  // namespace tutti
