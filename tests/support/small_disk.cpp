#include "tests/support/small_disk.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "common/unique_fd.h"

namespace tutti {

SmallDisk::SmallDisk(std::int64_t mebibytes) {
  const std::string options = "mode=0700,size=" + std::to_string(mebibytes) + "m";
  if (::mount("tmpfs", path().c_str(), "tmpfs", 0, options.c_str()) != 0) {
    why_not_ = "no small disk can be mounted here: " + std::string(std::strerror(errno));
  }
}

SmallDisk::~SmallDisk() {
  if (why_not_.empty()) ::umount2(path().c_str(), MNT_DETACH);
}

std::int64_t SmallDisk::free_bytes() const {
  return static_cast<std::int64_t>(std::filesystem::space(path()).available);
}

void SmallDisk::FillLeaving(std::int64_t bytes) {
  const UniqueFd file(::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(file.valid());
  // Others write meanwhile: what is free is looked at again.
  while (free_bytes() > bytes) {
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(ballast()));
    const int taken = ::posix_fallocate(file.get(), size, free_bytes() - bytes);
    ASSERT_TRUE(taken == 0 || taken == ENOSPC) << std::strerror(taken);
  }
}

void SmallDisk::Free() {
  std::filesystem::remove(ballast());
}

}  // namespace tutti
