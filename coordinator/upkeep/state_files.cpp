#include "coordinator/upkeep/state_files.h"

#include <string>

#include "common/file_copy.h"

namespace tutti {
namespace {

constexpr unsigned kPrivateFolder = 0700;
constexpr unsigned kPrivateFile = 0600;

std::filesystem::path Normal(const std::filesystem::path& path) {
  const std::filesystem::path normal = std::filesystem::absolute(path).lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

}  // namespace

Status RequireEmptyFolder(FileSystem& files, const std::filesystem::path& folder) {
  if (!files.Exists(folder)) return {};
  TUTTI_ASSIGN_OR_RETURN(const auto names, files.ListDirectory(folder));
  if (names.empty()) return {};
  return FailedPrecondition("folder " + folder.string() + " is not empty (it has " + names.front() +
                            "): name a new one");
}

Result<std::filesystem::path> BeginFolder(FileSystem& files, const std::filesystem::path& target) {
  TUTTI_RETURN_IF_ERROR(RequireEmptyFolder(files, target));
  const std::filesystem::path end = Normal(target);
  const std::filesystem::path begun =
      end.parent_path() / ("." + end.filename().string() + ".incomplete");
  TUTTI_RETURN_IF_ERROR(files.RemoveAll(begun));
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(begun, kPrivateFolder));
  return begun;
}

Status FinishFolder(FileSystem& files, const std::filesystem::path& begun,
                    const std::filesystem::path& target) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(begun)) {
    if (entry.is_directory()) TUTTI_RETURN_IF_ERROR(files.SyncDirectory(entry.path()));
  }
  TUTTI_RETURN_IF_ERROR(files.SyncDirectory(begun));
  const std::filesystem::path end = Normal(target);
  if (const Status named = files.Rename(begun, end); !named.ok()) {
    return FailedPrecondition(named.error().message +
                              "; name a folder that is not there yet (a mount point cannot be "
                              "replaced: name one in it)");
  }
  return files.SyncDirectory(end.parent_path());
}

Status CopyIdentity(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const std::string_view name : kIdentityFiles) {
    const Status copied = CopyFileDurably(from / name, to / name, kPrivateFile);
    if (!copied.ok() && copied.error().code != ErrorCode::kNotFound) return copied;
  }
  return {};
}

}  // namespace tutti
