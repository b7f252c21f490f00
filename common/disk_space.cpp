#include "common/disk_space.h"

#include <cerrno>

#include <sys/statvfs.h>

namespace tutti {

Result<std::uint64_t> FreeBytes(const std::filesystem::path& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return ErrnoError(errno, "statvfs " + path.string());
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace tutti
