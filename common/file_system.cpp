#include "common/file_system.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

#include "common/unique_fd.h"

namespace tutti {
namespace {

Error PathError(std::string_view what, const std::filesystem::path& path) {
  const int error = errno;
  return ErrnoError(error, std::string(what) + " " + path.string());
}

Error PathError(std::string_view what, const std::filesystem::path& path, std::error_code code) {
  return ErrnoError(code.value(), std::string(what) + " " + path.string());
}

Status WriteAll(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PathError("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

class PosixAppendFile final : public AppendFile {
 public:
  PosixAppendFile(UniqueFd fd, std::filesystem::path path)
      : fd_(std::move(fd)), path_(std::move(path)) {}
  Status Append(std::string_view bytes) override { return WriteAll(fd_.get(), bytes, path_); }
  Status Truncate() override {
    if (::ftruncate(fd_.get(), 0) != 0) return PathError("truncate", path_);
    return {};
  }
  Status Sync() override {
    if (::fdatasync(fd_.get()) != 0) return PathError("fsync", path_);
    return {};
  }

 private:
  UniqueFd fd_;
  std::filesystem::path path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

// Unique within the process; the pid makes it unique on the machine.
std::filesystem::path TempPathBeside(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> counter{0};
  std::filesystem::path temp = path;
  temp += ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  return temp;
}

std::filesystem::path ParentOf(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Status SyncPath(const std::filesystem::path& path, int flags) {
  const UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) return PathError("open", path);
  if (::fsync(fd.get()) != 0) return PathError("fsync", path);
  return {};
}

}  // namespace

Result<std::string> PosixFileSystem::ReadFile(const Path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return PathError("open", path);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return PathError("stat", path);
  std::string contents;
  contents.reserve(static_cast<std::size_t>(info.st_size));
  char buffer[65536];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PathError("read", path);
    if (n == 0) return contents;
    contents.append(buffer, static_cast<std::size_t>(n));
  }
}

Status PosixFileSystem::WriteFileAtomically(const Path& path, std::string_view contents,
                                            unsigned mode) {
  return WritePiecesAtomically(path, {&contents, 1}, mode);
}

Status WritePiecesAtomically(const std::filesystem::path& path,
                             std::span<const std::string_view> pieces, unsigned mode) {
  const std::filesystem::path temp = TempPathBeside(path);
  const auto write = [&]() -> Status {
    const UniqueFd fd(::open(temp.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd.valid()) return PathError("create", temp);
    if (::fchmod(fd.get(), mode) != 0) return PathError("chmod", temp);
    for (const std::string_view piece : pieces) {
      TUTTI_RETURN_IF_ERROR(WriteAll(fd.get(), piece, temp));
    }
    if (::fsync(fd.get()) != 0) return PathError("fsync", temp);
    return {};
  };
  Status written = write();
  if (written.ok() && ::rename(temp.c_str(), path.c_str()) != 0) {
    written = PathError("rename " + temp.string() + " to", path);
  }
  if (!written.ok()) {
    ::unlink(temp.c_str());
    return written;
  }
  return SyncPath(ParentOf(path), O_RDONLY | O_DIRECTORY);
}

Result<std::unique_ptr<AppendFile>> PosixFileSystem::OpenForAppend(const Path& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.valid()) return PathError("open", path);
  return std::unique_ptr<AppendFile>(new PosixAppendFile(std::move(fd), path));
}

Status PosixFileSystem::CreateDirectories(const Path& path, unsigned mode) {
  if (path.empty() || std::filesystem::is_directory(path)) return {};
  TUTTI_RETURN_IF_ERROR(CreateDirectories(path.parent_path(), mode));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return PathError("mkdir", path);
  if (!std::filesystem::is_directory(path)) {
    return InvalidArgument("mkdir " + path.string() + ": a file of that name is in the way");
  }
  return {};
}

Status PosixFileSystem::Rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return PathError("rename " + from.string() + " to", to);
  }
  return {};
}

Status PosixFileSystem::SyncFile(const Path& path) {
  return SyncPath(path, O_RDONLY);
}

Status PosixFileSystem::SyncDirectory(const Path& path) {
  return SyncPath(path, O_RDONLY | O_DIRECTORY);
}

Status PosixFileSystem::Remove(const Path& path) {
  if (::remove(path.c_str()) != 0 && errno != ENOENT) return PathError("remove", path);
  return {};
}

Status PosixFileSystem::RemoveAll(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return PathError("remove", path, error);
  return {};
}

bool PosixFileSystem::Exists(const Path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0;
}

Result<std::uint64_t> PosixFileSystem::FileSize(const Path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return PathError("stat", path);
  return static_cast<std::uint64_t>(info.st_size);
}

Result<std::vector<std::string>> PosixFileSystem::ListDirectory(const Path& path) {
  std::error_code error;
  std::filesystem::directory_iterator entries(path, error);
  if (error) return PathError("list", path, error);
  std::vector<std::string> names;
  while (entries != std::filesystem::directory_iterator()) {
    names.push_back(entries->path().filename().string());
    entries.increment(error);
    if (error) return PathError("list", path, error);
  }
  std::ranges::sort(names);
  return names;
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::Lock(const Path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return PathError("open", path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return PathError("lock", path);
    return Error{ErrorCode::kFailedPrecondition,
                 "lock " + path.string() + ": another process holds it"};
  }
  return std::unique_ptr<FileLock>(new PosixFileLock(std::move(fd)));
}

Result<std::unique_ptr<FileLock>> WaitForLock(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return PathError("open", path);
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return PathError("lock", path);
  }
  return std::unique_ptr<FileLock>(new PosixFileLock(std::move(fd)));
}

}  // namespace tutti
