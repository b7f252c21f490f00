#include "common/rpc/part_file.h"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <unistd.h>
#include <utility>

#include <sys/file.h>
#include <sys/stat.h>

#include "common/file_system.h"

namespace tutti {
namespace {

constexpr std::size_t kHashDigits = 16;
constexpr std::size_t kReadBytes = 1 << 20;

// Nothing: somebody else fills it, or has just put it in its place.
Result<std::optional<UniqueFd>> Claim(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return ErrnoError(errno, "create " + path.string());
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::optional<UniqueFd>();
    return ErrnoError(errno, "lock " + path.string());
  }
  struct stat opened{};
  struct stat named{};
  if (::fstat(fd.get(), &opened) != 0 || ::stat(path.c_str(), &named) != 0 ||
      opened.st_ino != named.st_ino) {
    return std::optional<UniqueFd>();
  }
  return std::optional(std::move(fd));
}

}  // namespace

PartFile::PartFile(std::filesystem::path to, std::filesystem::path path, UniqueFd fd, bool may_stay,
                   std::int64_t size_bytes)
    : to_(std::move(to)),
      path_(std::move(path)),
      fd_(std::move(fd)),
      may_stay_(may_stay),
      size_bytes_(size_bytes) {}

PartFile::PartFile(PartFile&& other) noexcept
    : to_(std::move(other.to_)),
      path_(std::exchange(other.path_, {})),
      fd_(std::move(other.fd_)),
      may_stay_(other.may_stay_),
      stays_(other.stays_),
      size_bytes_(other.size_bytes_) {}

PartFile::~PartFile() {
  if (!stays_ && !path_.empty()) ::unlink(path_.c_str());
}

Result<PartFile> PartFile::Open(const std::filesystem::path& to, const std::string& hash,
                                Begin begin) {
  std::filesystem::path path = to.string() + ".part-" + hash.substr(0, kHashDigits);
  TUTTI_ASSIGN_OR_RETURN(std::optional<UniqueFd> fd, Claim(path));
  const bool is_shared = fd.has_value();
  if (!is_shared) {
    path += "-" + std::to_string(::getpid()) + "-" + std::to_string(::gettid());
    fd.emplace(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd->valid()) return ErrnoError(errno, "create " + path.string());
  }
  if (begin == Begin::kAnew && ::ftruncate(fd->get(), 0) != 0) {
    return ErrnoError(errno, "truncate " + path.string());
  }
  const off_t end = ::lseek(fd->get(), 0, SEEK_END);
  if (end < 0) return ErrnoError(errno, "seek in " + path.string());
  return PartFile(to, std::move(path), *std::move(fd), is_shared, end);
}

Status PartFile::Read(Sha256& hash) const {
  std::string piece;
  for (std::int64_t at = 0; at < size_bytes_; at += std::ssize(piece)) {
    piece.resize(kReadBytes);
    const ssize_t n = ::pread(fd_.get(), piece.data(), piece.size(), at);
    if (n < 0 && errno == EINTR) {
      piece.clear();
      continue;
    }
    if (n <= 0) return ErrnoError(n < 0 ? errno : EIO, "read " + path_.string());
    piece.resize(static_cast<std::size_t>(n));
    hash.Update(piece);
  }
  return {};
}

Status PartFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "write " + path_.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
    size_bytes_ += n;
  }
  return {};
}

Status PartFile::Finish() {
  if (::fsync(fd_.get()) != 0) return ErrnoError(errno, "fsync " + path_.string());
  TUTTI_RETURN_IF_ERROR(PosixFileSystem().Rename(path_, to_));
  path_.clear();
  return {};
}

void PartFile::LeaveAfter(const Error& why) {
  const bool broke_off = why.code == ErrorCode::kUnavailable || why.code == ErrorCode::kCancelled;
  stays_ = may_stay_ && broke_off && size_bytes_ > 0;
}

}  // namespace tutti
