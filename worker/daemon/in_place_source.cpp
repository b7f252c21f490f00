#include "worker/daemon/in_place_source.h"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "common/file_system.h"
#include "common/hash.h"
#include "worker/daemon/open_beneath.h"

namespace tutti {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

Status WriteAll(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "write " + path.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Error InPlaceSource::Changed(const std::string& how) const {
  return DataLoss("track \"" + track_.path + "\" in " + folder_.string() +
                  " is not what was registered: " + how +
                  "; bring the file back and retry the sweep, or register the folder again (tutti "
                  "dataset add NAME DIR --in-place) and submit");
}

Status InPlaceSource::Download(const std::string& hash, const std::filesystem::path& to) {
  const auto file = OpenBeneath(folder_, track_.path, "track");
  if (!file.ok() && file.error().code == ErrorCode::kPermissionDenied) {
    return FailedPrecondition(file.error().message + "; let the worker's user read " +
                              folder_.string());
  }
  if (!file.ok()) return file.error();
  struct stat info{};
  if (::fstat(file->get(), &info) != 0) return ErrnoError(errno, track_.path);
  if (static_cast<std::uint64_t>(info.st_size) != track_.size_bytes) {
    return Changed("expected " + std::to_string(track_.size_bytes) + " bytes, got " +
                   std::to_string(info.st_size));
  }
  const std::filesystem::path temp =
      to.string() + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(::gettid());
  Status status = Copy(file->get(), hash, temp);
  if (status.ok()) status = PosixFileSystem().Rename(temp, to);
  if (!status.ok()) ::unlink(temp.c_str());
  return status;
}

Status InPlaceSource::Copy(int from, const std::string& hash,
                           const std::filesystem::path& to) const {
  const UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!out.valid()) return ErrnoError(errno, "create " + to.string());
  Sha256 actual;
  std::uint64_t copied = 0;
  std::vector<char> buffer(kReadBytes);
  while (copied <= track_.size_bytes) {  // one that grows is not followed
    const ssize_t n = ::read(from, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "read track \"" + track_.path + "\"");
    if (n == 0) break;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(n));
    actual.Update(piece);
    copied += piece.size();
    TUTTI_RETURN_IF_ERROR(WriteAll(out.get(), piece, to));
  }
  if (const std::string got = actual.FinishHex(); got != hash) {
    return Changed("expected SHA-256 " + hash + ", got " + got);
  }
  if (::fsync(out.get()) != 0) return ErrnoError(errno, "fsync " + to.string());
  return {};
}

}  // namespace tutti
