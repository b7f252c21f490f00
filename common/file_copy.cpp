#include "common/file_copy.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "common/unique_fd.h"

namespace tutti {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;

Error Failed(std::string_view what, const std::filesystem::path& path) {
  const int error = errno;
  return ErrnoError(error, std::string(what) + " " + path.string());
}

Status WriteAll(int fd, const char* bytes, std::size_t size, const std::filesystem::path& path) {
  while (size > 0) {
    const ssize_t n = ::write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("write", path);
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return {};
}

Status CopyBytes(int from, const std::filesystem::path& from_path, int to,
                 const std::filesystem::path& to_path) {
  std::vector<char> piece(kPieceBytes);
  while (true) {
    const ssize_t n = ::read(from, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("read", from_path);
    if (n == 0) return {};
    TUTTI_RETURN_IF_ERROR(WriteAll(to, piece.data(), static_cast<std::size_t>(n), to_path));
  }
}

}  // namespace

Status CopyFileDurably(const std::filesystem::path& from, const std::filesystem::path& to,
                       unsigned mode) {
  const UniqueFd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.valid()) return Failed("open", from);
  const UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!out.valid()) return Failed("create", to);
  TUTTI_RETURN_IF_ERROR(CopyBytes(in.get(), from, out.get(), to));
  if (::fsync(out.get()) != 0) return Failed("fsync", to);
  return {};
}

Result<CopyKind> LinkOrCopy(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return CopyKind::kLink;
  // Another file system, one without hard links, or a file that has as many as it can.
  const bool can_be_copied =
      errno == EXDEV || errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK;
  if (!can_be_copied) return Failed("link " + from.string() + " to", to);
  TUTTI_RETURN_IF_ERROR(CopyFileDurably(from, to, 0600));
  return CopyKind::kCopy;
}

}  // namespace tutti
