#include "coordinator/store/network_file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <utility>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "common/file_system.h"

namespace tutti {
namespace {

// Source: linux/magic.h and the file systems' own headers.
constexpr std::array<std::pair<std::int64_t, std::string_view>, 14> kNetworkMagics = {{
    {0x6969, "NFS"},
    {0x517B, "SMB"},
    {0xFE534D42, "SMB"},
    {0xFF534D42, "SMB"},
    {0x01021997, "9p"},
    {0x5346414F, "AFS"},
    {0x6B414653, "AFS"},
    {0x73757245, "Coda"},
    {0x00C36400, "Ceph"},
    {0x0BD00BD0, "Lustre"},
    {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"},
    {0x786F4256, "VirtualBox shared folder"},
    {0x01161970, "GFS2"},
}};
constexpr std::int64_t kFuseMagic = 0x65735546;
constexpr std::array<std::string_view, 3> kLocalFuse = {"fuseblk", "fuse.fuse-overlayfs",
                                                        "fuse.bindfs"};

}  // namespace

std::optional<std::string> NetworkFileSystemName(std::int64_t magic, std::string_view mount_type) {
  if (magic == kFuseMagic) {
    if (std::ranges::find(kLocalFuse, mount_type) != kLocalFuse.end()) return std::nullopt;
    return mount_type.empty() ? "FUSE" : std::string(mount_type);
  }
  for (const auto& [known, name] : kNetworkMagics) {
    if (known == magic) return std::string(name);
  }
  return std::nullopt;
}

std::string MountType(std::string_view mountinfo, unsigned major, unsigned minor) {
  const std::string device = std::to_string(major) + ":" + std::to_string(minor);
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mount_id;
    std::string parent_id;
    std::string found;
    words >> mount_id >> parent_id >> found;
    if (found != device) continue;
    for (std::string word; words >> word;) {
      if (word == "-" && words >> word) return word;
    }
  }
  return {};
}

Status RefuseNetworkFileSystem(const std::filesystem::path& folder) {
  struct statfs system{};
  struct stat info{};
  if (::statfs(folder.c_str(), &system) != 0 || ::stat(folder.c_str(), &info) != 0) {
    return ErrnoError(errno, "stat " + folder.string());
  }
  // f_type is signed on some machines; the magic numbers have 32 bits.
  const auto magic = static_cast<std::int64_t>(static_cast<std::uint32_t>(system.f_type));
  std::string mount_type;
  if (magic == kFuseMagic) {
    const Result<std::string> mounts = PosixFileSystem().ReadFile("/proc/self/mountinfo");
    if (mounts.ok()) mount_type = MountType(*mounts, major(info.st_dev), minor(info.st_dev));
  }
  const std::optional<std::string> name = NetworkFileSystemName(magic, mount_type);
  if (!name.has_value()) return {};
  return FailedPrecondition("state folder " + folder.string() + " lies on a network file system (" +
                            *name +
                            "), where the database's locks and synced writes cannot be relied "
                            "upon: name a folder on a local disk");
}

}  // namespace tutti
