// Files, injected: what Tutti asks of a disk, with durability said in each name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tutti {

// An exclusive advisory lock, held until it is destroyed (or the process ends).
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// A file open for appending. Not thread-safe.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // All bytes or an error; after an error the file's tail is undefined.
  virtual Status Append(std::string_view bytes) = 0;
  // Empties the file. Not durable until Sync.
  virtual Status Truncate() = 0;
  // Returns when the bytes appended so far would survive a power loss.
  virtual Status Sync() = 0;
};

// Thread-safe. Every method's error names the path.
class FileSystem {
 public:
  using Path = std::filesystem::path;

  virtual ~FileSystem() = default;

  // kNotFound: no such file.
  virtual Result<std::string> ReadFile(const Path& path) = 0;
  // Temp file beside it, fsync, rename, fsync of the folder: after OK the new contents survive a
  // power loss, and no reader ever sees half of them. mode: permission bits, for example 0600.
  virtual Status WriteFileAtomically(const Path& path, std::string_view contents,
                                     unsigned mode) = 0;
  // Created where missing, else appended to.
  virtual Result<std::unique_ptr<AppendFile>> OpenForAppend(const Path& path) = 0;
  // Missing parents too, each with `mode`; OK when it is there already.
  virtual Status CreateDirectories(const Path& path, unsigned mode) = 0;
  // Replaces `to`. Not durable until SyncDirectory.
  virtual Status Rename(const Path& from, const Path& to) = 0;
  virtual Status SyncFile(const Path& path) = 0;
  virtual Status SyncDirectory(const Path& path) = 0;
  // A file or an empty folder. OK when it is not there.
  virtual Status Remove(const Path& path) = 0;
  virtual Status RemoveAll(const Path& path) = 0;
  virtual bool Exists(const Path& path) = 0;
  virtual Result<std::uint64_t> FileSize(const Path& path) = 0;
  // Names (not paths) of what lies directly in the folder, sorted by bytes.
  virtual Result<std::vector<std::string>> ListDirectory(const Path& path) = 0;
  // kFailedPrecondition: another process holds the lock.
  virtual Result<std::unique_ptr<FileLock>> Lock(const Path& path) = 0;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::string> ReadFile(const Path& path) override;
  Status WriteFileAtomically(const Path& path, std::string_view contents, unsigned mode) override;
  Result<std::unique_ptr<AppendFile>> OpenForAppend(const Path& path) override;
  Status CreateDirectories(const Path& path, unsigned mode) override;
  Status Rename(const Path& from, const Path& to) override;
  Status SyncFile(const Path& path) override;
  Status SyncDirectory(const Path& path) override;
  Status Remove(const Path& path) override;
  Status RemoveAll(const Path& path) override;
  bool Exists(const Path& path) override;
  Result<std::uint64_t> FileSize(const Path& path) override;
  Result<std::vector<std::string>> ListDirectory(const Path& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const Path& path) override;
};

// FileSystem::Lock, but waits until whoever holds it lets it go. Blocks.
Result<std::unique_ptr<FileLock>> WaitForLock(const std::filesystem::path& path);

// PosixFileSystem::WriteFileAtomically of several pieces one after the other: a big file needs no
// second copy in memory.
Status WritePiecesAtomically(const std::filesystem::path& path,
                             std::span<const std::string_view> pieces, unsigned mode);

}  // namespace tutti
