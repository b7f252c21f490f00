#include "tests/support/lossy_file_system.h"

#include <fstream>
#include <utility>

#include "common/check.h"

namespace tutti {

class LossyFileSystem::File final : public AppendFile {
 public:
  File(LossyFileSystem& files, Path path, NodePointer node, std::unique_ptr<AppendFile> real)
      : files_(files), path_(std::move(path)), node_(std::move(node)), real_(std::move(real)) {}

  Status Append(std::string_view bytes) override {
    files_.Step();
    appended_ += bytes;
    return real_->Append(bytes);
  }
  Status Truncate() override {
    files_.Step();
    appended_.clear();
    truncated_ = true;
    return real_->Truncate();
  }
  Status Sync() override {
    files_.Step();
    TUTTI_RETURN_IF_ERROR(real_->Sync());
    const std::lock_guard lock(files_.mutex_);
    if (std::exchange(truncated_, false)) node_->durable_bytes.clear();
    node_->durable_bytes += std::exchange(appended_, {});
    return {};
  }

 private:
  LossyFileSystem& files_;
  const Path path_;
  NodePointer node_;
  std::unique_ptr<AppendFile> real_;
  std::string appended_;    // since the last sync
  bool truncated_ = false;  // likewise
};

LossyFileSystem::LossyFileSystem(Path root, BeforeStep before_step)
    : root_(std::move(root)),
      before_step_(std::move(before_step)),
      tree_(std::make_shared<Node>(Node{true, {}, {}, {}})) {}

void LossyFileSystem::Step() const {
  if (before_step_) before_step_();
}

LossyFileSystem::NodePointer LossyFileSystem::Find(const Path& path) const {
  NodePointer node = tree_;
  for (const Path& part : path.lexically_relative(root_)) {
    if (part == ".") continue;
    const auto found = node->names.find(part.string());
    if (found == node->names.end()) return nullptr;
    node = found->second;
  }
  return node;
}

LossyFileSystem::NodePointer LossyFileSystem::FindOrMake(const Path& path, bool is_folder) {
  if (NodePointer there = Find(path)) return there;
  const NodePointer parent = Find(path.parent_path());
  TUTTI_CHECK(parent != nullptr,
              "made in a folder that the lossy disk does not know: " + path.string());
  NodePointer made = std::make_shared<Node>(Node{is_folder, {}, {}, {}});
  parent->names[path.filename().string()] = made;
  return made;
}

Status LossyFileSystem::WriteFileAtomically(const Path& path, std::string_view contents,
                                            unsigned mode) {
  Step();
  TUTTI_RETURN_IF_ERROR(real_.WriteFileAtomically(path, contents, mode));
  const std::lock_guard lock(mutex_);
  const NodePointer parent = Find(path.parent_path());
  // A new file takes the name.
  parent->names[path.filename().string()] =
      std::make_shared<Node>(Node{false, std::string(contents), {}, {}});
  parent->durable_names = parent->names;
  return {};
}

Result<std::unique_ptr<AppendFile>> LossyFileSystem::OpenForAppend(const Path& path) {
  Step();
  TUTTI_ASSIGN_OR_RETURN(auto real, real_.OpenForAppend(path));
  const std::lock_guard lock(mutex_);
  return std::unique_ptr<AppendFile>(
      new File(*this, path, FindOrMake(path, false), std::move(real)));
}

Status LossyFileSystem::CreateDirectories(const Path& path, unsigned mode) {
  Step();
  TUTTI_RETURN_IF_ERROR(real_.CreateDirectories(path, mode));
  const std::lock_guard lock(mutex_);
  Path so_far = root_;
  for (const Path& part : path.lexically_relative(root_)) {
    if (part == ".") continue;
    so_far /= part;
    FindOrMake(so_far, true);
  }
  return {};
}

Status LossyFileSystem::Rename(const Path& from, const Path& to) {
  Step();
  TUTTI_RETURN_IF_ERROR(real_.Rename(from, to));
  const std::lock_guard lock(mutex_);
  const NodePointer moved = Find(from);
  TUTTI_CHECK(moved != nullptr, "renamed what the lossy disk does not know: " + from.string());
  Find(from.parent_path())->names.erase(from.filename().string());
  Find(to.parent_path())->names[to.filename().string()] = moved;
  return {};
}

Status LossyFileSystem::SyncFile(const Path& path) {
  Step();
  TUTTI_RETURN_IF_ERROR(real_.SyncFile(path));
  TUTTI_ASSIGN_OR_RETURN(std::string bytes, real_.ReadFile(path));
  const std::lock_guard lock(mutex_);
  FindOrMake(path, false)->durable_bytes = std::move(bytes);
  return {};
}

Status LossyFileSystem::SyncDirectory(const Path& path) {
  Step();
  TUTTI_RETURN_IF_ERROR(real_.SyncDirectory(path));
  const std::lock_guard lock(mutex_);
  if (const NodePointer folder = Find(path)) folder->durable_names = folder->names;
  return {};
}

Status LossyFileSystem::Remove(const Path& path) {
  Step();
  TUTTI_RETURN_IF_ERROR(real_.Remove(path));
  const std::lock_guard lock(mutex_);
  if (const NodePointer parent = Find(path.parent_path())) {
    parent->names.erase(path.filename().string());
  }
  return {};
}

Status LossyFileSystem::RemoveAll(const Path& path) {
  Step();
  TUTTI_RETURN_IF_ERROR(real_.RemoveAll(path));
  const std::lock_guard lock(mutex_);
  if (const NodePointer parent = Find(path.parent_path())) {
    parent->names.erase(path.filename().string());
  }
  return {};
}

void LossyFileSystem::Write(const Node& folder, const Path& to) {
  std::filesystem::create_directories(to);
  for (const auto& [name, node] : folder.durable_names) {
    if (node->is_folder) {
      Write(*node, to / name);
    } else {
      std::ofstream(to / name, std::ios::binary) << node->durable_bytes;
    }
  }
}

void LossyFileSystem::WriteWhatIsDurable(const Path& to) const {
  const std::lock_guard lock(mutex_);
  Write(*tree_, to);
}

}  // namespace tutti
