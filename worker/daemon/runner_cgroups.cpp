#include "worker/daemon/runner_cgroups.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "common/unique_fd.h"

namespace tutti {
namespace {

constexpr std::string_view kOwnPrefix = "0::";
constexpr std::string_view kNamePrefix = "tutti-runner-";

// Where cgroups of version 2 are mounted, also beside those of version 1.
std::optional<std::filesystem::path> MountPoint(FileSystem& files) {
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    const std::filesystem::path path = mount;
    if (files.Exists(path / "cgroup.procs")) return path;
  }
  return std::nullopt;
}

// The line "0::PATH" of /proc/self/cgroup.
std::string OwnPath(FileSystem& files) {
  const auto text = files.ReadFile("/proc/self/cgroup");
  if (!text.ok()) return "";
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string line = text->substr(at, end - at);
    if (line.starts_with(kOwnPrefix)) return line.substr(kOwnPrefix.size());
    at = end + 1;
  }
  return "";
}

// systemd marks what it has delegated; and one that belongs to a user of their own is theirs.
bool IsDelegated(const std::filesystem::path& cgroup) {
  struct stat info{};
  if (::stat(cgroup.c_str(), &info) != 0) return false;
  if (info.st_uid != 0 && info.st_uid == ::geteuid()) return true;
  for (const char* name : {"trusted.delegate", "user.delegate"}) {
    char value = 0;
    if (::getxattr(cgroup.c_str(), name, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

bool WriteTo(const std::filesystem::path& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.valid() && ::write(fd.get(), text.data(), text.size()) == std::ssize(text);
}

}  // namespace

std::unique_ptr<RunnerCgroups> RunnerCgroups::Find(FileSystem& files, std::string mark,
                                                   const std::vector<std::string>& earlier_marks) {
  const auto mount = MountPoint(files);
  const std::string own_path = OwnPath(files);
  if (!mount || own_path.size() <= 1) return nullptr;
  const std::filesystem::path own = mount->string() + own_path;
  if (!IsDelegated(own) || !files.Exists(own / "cgroup.kill")) return nullptr;
  std::unique_ptr<RunnerCgroups> cgroups(new RunnerCgroups(own, std::move(mark)));
  const auto names = files.ListDirectory(own);
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    for (const std::string& earlier : earlier_marks) {
      if (!name.starts_with(std::string(kNamePrefix) + earlier)) continue;
      cgroups->End(own / name);
      cgroups->Remove(own / name);
    }
  }
  return cgroups;
}

std::filesystem::path RunnerCgroups::Make() {
  Remove({});
  const std::filesystem::path folder =
      own_ / (std::string(kNamePrefix) + mark_ + "-" + std::to_string(++made_));
  if (::mkdir(folder.c_str(), 0755) == 0) return folder;
  spdlog::warn("no cgroup for a runner: {}: {}", folder.string(), std::strerror(errno));
  return {};
}

void RunnerCgroups::End(const std::filesystem::path& cgroup) {
  if (cgroup.empty() || WriteTo(cgroup / "cgroup.kill", "1")) return;
  if (errno != ENOENT) spdlog::warn("{}: {}", cgroup.string(), std::strerror(errno));
}

void RunnerCgroups::Remove(const std::filesystem::path& cgroup) {
  if (!cgroup.empty()) ended_.push_back(cgroup);
  std::erase_if(ended_, [](const std::filesystem::path& folder) {
    return ::rmdir(folder.c_str()) == 0 || errno == ENOENT;
  });
}

}  // namespace tutti
