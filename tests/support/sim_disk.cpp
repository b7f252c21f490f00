#include "tests/support/sim_disk.h"

#include <algorithm>
#include <utility>

namespace tutti {

class SimDisk::OpenFile final : public AppendFile {
 public:
  OpenFile(SimDisk& disk, InodePtr inode, Path path)
      : disk_(disk), inode_(std::move(inode)), path_(std::move(path)) {}
  Status Append(std::string_view bytes) override { return disk_.Append(*inode_, bytes, path_); }
  Status Truncate() override {
    inode_->written.clear();
    inode_->truncated = true;
    return {};
  }
  Status Sync() override { return disk_.Sync(*inode_, path_); }

 private:
  SimDisk& disk_;
  InodePtr inode_;
  Path path_;
};

class SimDisk::HeldLock final : public FileLock {
 public:
  HeldLock(std::shared_ptr<std::set<Path>> locks, Path path)
      : locks_(std::move(locks)), path_(std::move(path)) {}
  ~HeldLock() override { locks_->erase(path_); }

 private:
  std::shared_ptr<std::set<Path>> locks_;
  Path path_;
};

// Of bytes that were never synced a part may be there; what a file held before it was emptied may
// be there again.
void SimDisk::LosePower() {
  names_ = durable_names_;
  std::set<Inode*> seen;
  for (const auto& [path, inode] : names_) {
    if (!seen.insert(inode.get()).second) continue;
    if (std::exchange(inode->truncated, false)) {
      const bool is_back = Pick(random_, 2) == 0;
      if (is_back) inode->written = inode->durable;
      if (!is_back) inode->durable.clear();
    }
    const std::size_t begin = inode->durable.size();
    const std::size_t kept = Pick(random_, inode->written.size() - begin + 1);
    inode->durable.append(inode->written, begin, kept);
    lost_writes_ += inode->durable.size() < inode->written.size();
    inode->written = inode->durable;
  }
}

void SimDisk::Wipe() {
  names_.clear();
  durable_names_.clear();
  folders_.clear();
}

Result<SimDisk::InodePtr> SimDisk::Find(const Path& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return NotFound(path.string() + ": no such file");
  return found->second;
}

Status SimDisk::Append(Inode& inode, std::string_view bytes, const Path& path) {
  if (!bytes.empty() && (fault_ == Fault::kFull || fault_ == Fault::kShortWrite)) {
    if (fault_ == Fault::kShortWrite) inode.written += bytes.substr(0, Pick(random_, bytes.size()));
    return ResourceExhausted("write " + path.string() + ": no space left");
  }
  inode.written += bytes;
  return {};
}

Status SimDisk::Sync(Inode& inode, const Path& path) {
  if (std::exchange(inode.truncated, false)) inode.durable.clear();
  if (fault_ == Fault::kSyncError) {
    // What is missing in the middle is zeros: the file has its length.
    const std::size_t begin = inode.durable.size();
    const std::size_t kept = Pick(random_, inode.written.size() - begin + 1);
    lost_writes_ += begin + kept < inode.written.size();
    inode.durable.append(inode.written, begin, kept);
    inode.durable.resize(inode.written.size(), '\0');
    return DataLoss("fsync " + path.string() + ": input/output error");
  }
  inode.durable.append(inode.written, inode.durable.size());
  return {};
}

Result<std::string> SimDisk::ReadFile(const Path& path) {
  TUTTI_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  return inode->written;
}

Status SimDisk::WriteFileAtomically(const Path& path, std::string_view contents, unsigned) {
  const auto inode = std::make_shared<Inode>();
  TUTTI_RETURN_IF_ERROR(Append(*inode, contents, path));
  TUTTI_RETURN_IF_ERROR(Sync(*inode, path));
  names_[path] = inode;
  return SyncDirectory(path.parent_path());
}

Result<std::unique_ptr<AppendFile>> SimDisk::OpenForAppend(const Path& path) {
  if (!names_.contains(path)) {
    if (fault_ == Fault::kFull) {
      return ResourceExhausted("create " + path.string() + ": no space left");
    }
    if (!folders_.contains(path.parent_path())) return NotFound(path.string() + ": no such folder");
    names_[path] = std::make_shared<Inode>();
  }
  return std::unique_ptr<AppendFile>(new OpenFile(*this, names_.at(path), path));
}

Status SimDisk::CreateDirectories(const Path& path, unsigned) {
  for (Path at = path; at != at.root_path(); at = at.parent_path()) folders_.insert(at);
  return {};
}

Status SimDisk::Rename(const Path& from, const Path& to) {
  TUTTI_ASSIGN_OR_RETURN(names_[to], Find(from));
  names_.erase(from);
  return {};
}

Status SimDisk::SyncFile(const Path& path) {
  TUTTI_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  return Sync(*inode, path);
}

Status SimDisk::SyncDirectory(const Path& path) {
  if (fault_ == Fault::kSyncError) {
    return DataLoss("fsync " + path.string() + ": input/output error");
  }
  std::erase_if(durable_names_,
                [&](const auto& entry) { return entry.first.parent_path() == path; });
  for (const auto& [name, inode] : names_) {
    if (name.parent_path() == path) durable_names_[name] = inode;
  }
  return {};
}

Status SimDisk::Remove(const Path& path) {
  names_.erase(path);
  return {};
}

Status SimDisk::RemoveAll(const Path& path) {
  const auto beneath = [&](const Path& other) {
    return std::ranges::mismatch(path, other).in1 == path.end();
  };
  std::erase_if(names_, [&](const auto& entry) { return beneath(entry.first); });
  std::erase_if(folders_, beneath);
  return {};
}

bool SimDisk::Exists(const Path& path) {
  return names_.contains(path) || folders_.contains(path);
}

Result<std::uint64_t> SimDisk::FileSize(const Path& path) {
  TUTTI_ASSIGN_OR_RETURN(const InodePtr inode, Find(path));
  return inode->written.size();
}

Result<std::vector<std::string>> SimDisk::ListDirectory(const Path& path) {
  if (!folders_.contains(path)) return NotFound(path.string() + ": no such folder");
  std::vector<std::string> entries;
  for (const auto& [name, inode] : names_) {
    if (name.parent_path() == path) entries.push_back(name.filename().string());
  }
  std::ranges::sort(entries);
  return entries;
}

Result<std::unique_ptr<FileLock>> SimDisk::Lock(const Path& path) {
  if (!locks_->insert(path).second) {
    return FailedPrecondition("lock " + path.string() + ": another process holds it");
  }
  return std::unique_ptr<FileLock>(new HeldLock(locks_, path));
}

}  // namespace tutti
