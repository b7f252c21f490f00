#include "worker/daemon/data_roots.h"

#include <system_error>

namespace tutti {
namespace {

namespace fs = std::filesystem;

// Nothing of "." and ".." and double "/" left, none at the end.
std::string Plain(std::string_view path) {
  std::string plain = fs::path(path).lexically_normal().string();
  while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  return plain;
}

}  // namespace

Result<DataRoot> ParseDataRoot(std::string_view text) {
  const std::size_t cut = text.find('=');
  const bool whole = cut != std::string_view::npos;
  const std::string_view root = text.substr(0, cut);
  const std::string_view folder = whole ? text.substr(cut + 1) : std::string_view();
  if (!root.starts_with('/') || !folder.starts_with('/')) {
    return InvalidArgument(
        "data root: expected ROOT=DIR, two absolute paths: the folder that the dataset was "
        "registered from, and the one that holds it on this machine, such as "
        "/data/gtzan=/mnt/gtzan; got \"" +
        std::string(text) + "\"");
  }
  return DataRoot{Plain(root), Plain(folder)};
}

Result<DataRoots> DataRoots::Create(const std::vector<DataRoot>& roots) {
  DataRoots created;
  for (const DataRoot& root : roots) {
    std::error_code error;
    if (!fs::is_directory(root.folder, error)) {
      return InvalidArgument("--data-root " + root.root + "=" + root.folder.string() + ": " +
                             root.folder.string() + " is no folder on this machine");
    }
    if (!created.folders_.emplace(root.root, root.folder).second) {
      return InvalidArgument("--data-root: " + root.root + " is given twice");
    }
  }
  return created;
}

Result<fs::path> DataRoots::FolderOf(const std::string& root) const {
  const auto found = folders_.find(root);
  if (found != folders_.end()) return found->second;
  return FailedPrecondition(
      "the dataset's files lie in place in " + root +
      ", and this worker was not told where that folder is on its machine: start tutti-worker with "
      "--data-root " +
      root + "=DIR, then retry the sweep");
}

std::vector<std::string> DataRoots::Roots() const {
  std::vector<std::string> roots;
  for (const auto& [root, folder] : folders_) roots.push_back(root);
  return roots;
}

}  // namespace tutti
