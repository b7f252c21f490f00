#include "worker/audio/file_bytes.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

namespace tutti {
namespace {

// kDataLoss would be a verdict on the track; a disk's error is none.
Error DiskError(int error_number, const std::string& what) {
  Error error = ErrnoError(error_number, what);
  if (error.code == ErrorCode::kDataLoss) error.code = ErrorCode::kUnavailable;
  return error;
}

}  // namespace

FileBytes::FileBytes(UniqueFd fd, std::filesystem::path path, std::int64_t size)
    : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

Result<std::unique_ptr<FileBytes>> FileBytes::Open(const std::filesystem::path& path) {
  // Non-blocking: opening a pipe by mistake would otherwise wait for a writer for ever.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) {
    return DiskError(errno, "open " + path.string());
  }
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument("open " + path.string() + ": expected a regular file");
  }
  return std::unique_ptr<FileBytes>(new FileBytes(std::move(fd), path, info.st_size));
}

std::size_t FileBytes::Read(std::span<std::byte> to) {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t got = ::pread(fd_.get(), to.data() + done, to.size() - done, position_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && !failure_) failure_ = DiskError(errno, "read " + path_.string());
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
    position_ += got;
  }
  return done;
}

}  // namespace tutti
