// A disk that loses power: beside the real files it keeps what would be left of them.
//
// The strict reading of POSIX: the bytes of a file survive as they were at its last sync, a name
// (also a new one, a removed one, a renamed one) as its folder was when that was last synced.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/file_system.h"

namespace tutti {

// Thread-safe as the real one is. Files below `root`, which exists.
class LossyFileSystem final : public FileSystem {
 public:
  // before_step: called before each thing that a power loss would tell apart.
  using BeforeStep = std::function<void()>;

  explicit LossyFileSystem(Path root, BeforeStep before_step = nullptr);

  // What a power loss now would leave of the root, in a new folder.
  void WriteWhatIsDurable(const Path& to) const;

  Result<std::string> ReadFile(const Path& path) override { return real_.ReadFile(path); }
  Status WriteFileAtomically(const Path& path, std::string_view contents, unsigned mode) override;
  Result<std::unique_ptr<AppendFile>> OpenForAppend(const Path& path) override;
  Status CreateDirectories(const Path& path, unsigned mode) override;
  Status Rename(const Path& from, const Path& to) override;
  Status SyncFile(const Path& path) override;
  Status SyncDirectory(const Path& path) override;
  Status Remove(const Path& path) override;
  Status RemoveAll(const Path& path) override;
  bool Exists(const Path& path) override { return real_.Exists(path); }
  Result<std::uint64_t> FileSize(const Path& path) override { return real_.FileSize(path); }
  Result<std::vector<std::string>> ListDirectory(const Path& path) override {
    return real_.ListDirectory(path);
  }
  Result<std::unique_ptr<FileLock>> Lock(const Path& path) override { return real_.Lock(path); }

 private:
  struct Node;
  using NodePointer = std::shared_ptr<Node>;
  struct Node {
    bool is_folder = false;
    std::string durable_bytes;
    std::map<std::string, NodePointer> names;
    std::map<std::string, NodePointer> durable_names;
  };
  class File;

  void Step() const;
  // Null: not there.
  NodePointer Find(const Path& path) const;
  NodePointer FindOrMake(const Path& path, bool is_folder);
  static void Write(const Node& folder, const Path& to);

  const Path root_;
  const BeforeStep before_step_;
  PosixFileSystem real_;
  mutable std::mutex mutex_;
  NodePointer tree_;
};

}  // namespace tutti
