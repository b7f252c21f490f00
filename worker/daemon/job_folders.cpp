#include "worker/daemon/job_folders.h"

#include <algorithm>
#include <string_view>

#include <spdlog/spdlog.h>

#include "worker/daemon/resume_note.h"

namespace tutti {

Status MakeJobFolder(FileSystem& files, const std::filesystem::path& folder) {
  TUTTI_RETURN_IF_ERROR(files.RemoveAll(folder));
  return files.CreateDirectories(folder, 0700);
}

void RemoveJobFolder(FileSystem& files, const std::filesystem::path& jobs, const AttemptId& id) {
  for (const Status& removed :
       {files.RemoveAll(jobs / FileName(id)), RemoveResumeNote(files, jobs, id)}) {
    if (!removed.ok()) spdlog::warn("{}", removed.error().message);
  }
}

void RemoveJobFoldersBut(FileSystem& files, const std::filesystem::path& jobs,
                         const std::vector<AttemptId>& kept) {
  const auto names = files.ListDirectory(jobs);
  if (!names.ok()) return spdlog::warn("{}", names.error().message);
  for (const std::string& name : *names) {
    const auto id = ParseFileName(std::string_view(name).substr(0, name.find('.')));
    if (id && std::ranges::find(kept, *id) != kept.end()) continue;
    const Status removed = files.RemoveAll(jobs / name);
    if (!removed.ok()) spdlog::warn("{}", removed.error().message);
  }
}

}  // namespace tutti
