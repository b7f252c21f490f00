// A worker's disk in memory: it knows what was written and what was synced, loses power, and fails
// when it is told to.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "common/file_system.h"
#include "tests/support/sim_random.h"

namespace tutti {

// A file's bytes are durable after a sync of the file, its name after a sync of its folder; folders
// themselves are durable at once. After a failed sync, what was written is taken for clean: a part
// of it is on the disk, the rest never will be unless it is written again. Used by one thread.
class SimDisk final : public FileSystem {
 public:
  enum class Fault {
    kNone,
    kFull,        // a write finds no room
    kShortWrite,  // a write is cut off in the middle, for want of room
    kSyncError,
  };

  explicit SimDisk(SimRandom& random) : random_(random) {}

  // From now on, until kNone.
  void Fail(Fault fault) { fault_ = fault; }
  void LosePower();
  // A new disk.
  void Wipe();

  int lost_writes() const { return lost_writes_; }

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

 private:
  struct Inode {
    std::string written;
    std::string durable;     // as long as the part of `written` that the system takes for clean
    bool truncated = false;  // since the last sync: `durable` is from before
  };
  using InodePtr = std::shared_ptr<Inode>;
  class OpenFile;
  class HeldLock;

  Result<InodePtr> Find(const Path& path) const;
  Status Append(Inode& inode, std::string_view bytes, const Path& path);
  Status Sync(Inode& inode, const Path& path);

  SimRandom& random_;
  std::map<Path, InodePtr> names_;
  std::map<Path, InodePtr> durable_names_;
  std::set<Path> folders_;
  std::shared_ptr<std::set<Path>> locks_ = std::make_shared<std::set<Path>>();
  Fault fault_ = Fault::kNone;
  int lost_writes_ = 0;
};

}  // namespace tutti
