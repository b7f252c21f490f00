#include "worker/daemon/job_folders.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>

#include <spdlog/spdlog.h>

#include "worker/daemon/resume_note.h"

namespace tutti {

namespace {

constexpr unsigned kMode = 0700;

// A folder, not a link to one, that nobody has put anything in or opened to others.
bool IsAsMade(const std::filesystem::path& folder) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(folder, error);
  return !error && std::filesystem::is_directory(status) &&
         status.permissions() == std::filesystem::perms(kMode) &&
         std::filesystem::is_empty(folder, error) && !error;
}

}  // namespace

Status JobFolders::Make(const AttemptId& id) {
  if (!spare_.empty()) {
    const std::filesystem::path spare = std::move(spare_.back());
    spare_.pop_back();
    if (files_.Rename(spare, PathOf(id)).ok()) return {};
  }
  TUTTI_RETURN_IF_ERROR(files_.RemoveAll(PathOf(id)));
  return files_.CreateDirectories(PathOf(id), kMode);
}

bool JobFolders::KeepForNext(const AttemptId& id) {
  if (spare_.size() >= kMaxSpareFolders || !IsAsMade(PathOf(id))) return false;
  std::filesystem::path spare = jobs_ / ("spare-" + std::to_string(++last_spare_));
  if (!files_.Rename(PathOf(id), spare).ok()) return false;
  spare_.push_back(std::move(spare));
  return true;
}

void JobFolders::Leave(const AttemptId& id, bool ended_well) {
  if (ended_well && KeepForNext(id)) return;
  pool_.Run([&files = files_, jobs = jobs_, id] {
    for (const Status& removed :
         {files.RemoveAll(jobs / FileName(id)), RemoveResumeNote(files, jobs, id)}) {
      if (!removed.ok()) spdlog::warn("{}", removed.error().message);
    }
  });
}

void JobFolders::RemoveAllBut(const std::vector<AttemptId>& kept) {
  const auto names = files_.ListDirectory(jobs_);
  if (!names.ok()) return spdlog::warn("{}", names.error().message);
  for (const std::string& name : *names) {
    const auto id = ParseFileName(std::string_view(name).substr(0, name.find('.')));
    if (id && std::ranges::find(kept, *id) != kept.end()) continue;
    const Status removed = files_.RemoveAll(jobs_ / name);
    if (!removed.ok()) spdlog::warn("{}", removed.error().message);
  }
}

}  // namespace tutti
