// The real file system, until a test says that the disk is full, read-only, or fails to sync.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/file_system.h"

namespace tutti {

// Owned by one thread.
class FaultyFileSystem final : public FileSystem {
 public:
  // Of every write from now on; nothing: the disk is well.
  std::optional<Error> write_error;
  // A write that fails has written half of its bytes.
  bool tears = false;
  std::optional<Error> sync_error;

  Result<std::string> ReadFile(const Path& path) override { return real_.ReadFile(path); }
  Status WriteFileAtomically(const Path& path, std::string_view text, unsigned mode) override {
    if (write_error) return *write_error;
    if (sync_error) return *sync_error;
    return real_.WriteFileAtomically(path, text, mode);
  }
  Result<std::unique_ptr<AppendFile>> OpenForAppend(const Path& path) override {
    TUTTI_ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> file, real_.OpenForAppend(path));
    return std::unique_ptr<AppendFile>(new File(*this, std::move(file)));
  }
  Status CreateDirectories(const Path& path, unsigned mode) override {
    if (write_error) return *write_error;
    return real_.CreateDirectories(path, mode);
  }
  Status Rename(const Path& from, const Path& to) override { return real_.Rename(from, to); }
  Status SyncFile(const Path& path) override {
    if (sync_error) return *sync_error;
    return real_.SyncFile(path);
  }
  Status SyncDirectory(const Path& path) override {
    if (sync_error) return *sync_error;
    return real_.SyncDirectory(path);
  }
  Status Remove(const Path& path) override { return real_.Remove(path); }
  Status RemoveAll(const Path& path) override { return real_.RemoveAll(path); }
  bool Exists(const Path& path) override { return real_.Exists(path); }
  Result<std::uint64_t> FileSize(const Path& path) override { return real_.FileSize(path); }
  Result<std::vector<std::string>> ListDirectory(const Path& path) override {
    return real_.ListDirectory(path);
  }
  Result<std::unique_ptr<FileLock>> Lock(const Path& path) override { return real_.Lock(path); }

 private:
  class File final : public AppendFile {
   public:
    File(FaultyFileSystem& files, std::unique_ptr<AppendFile> real)
        : files_(files), real_(std::move(real)) {}
    Status Append(std::string_view bytes) override {
      if (!files_.write_error) return real_->Append(bytes);
      if (files_.tears) TUTTI_RETURN_IF_ERROR(real_->Append(bytes.substr(0, bytes.size() / 2)));
      return *files_.write_error;
    }
    Status Truncate() override {
      if (files_.write_error) return *files_.write_error;
      return real_->Truncate();
    }
    Status Sync() override {
      if (files_.sync_error) return *files_.sync_error;
      return real_->Sync();
    }

   private:
    FaultyFileSystem& files_;
    std::unique_ptr<AppendFile> real_;
  };

  PosixFileSystem real_;
};

}  // namespace tutti
