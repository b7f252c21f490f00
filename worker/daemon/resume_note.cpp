#include "worker/daemon/resume_note.h"

#include <limits>
#include <string>

#include <spdlog/spdlog.h>

#include "common/json.h"

namespace tutti {
namespace {

std::filesystem::path PathOf(const std::filesystem::path& jobs, const AttemptId& id) {
  return jobs / (FileName(id) + ".resume");
}

Result<RunnerResume> Parse(FileSystem& files, const std::filesystem::path& path) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, path.string()));
  RunnerResume resume;
  TUTTI_ASSIGN_OR_RETURN(resume.path, Field<std::string>(json, "path", path.string()));
  TUTTI_ASSIGN_OR_RETURN(const auto epoch, Field<std::int64_t>(json, "epoch", path.string()));
  if (epoch < 0 || epoch > std::numeric_limits<std::int32_t>::max()) {
    return InvalidArgument(path.string() + ": expected an epoch, got " + std::to_string(epoch));
  }
  resume.epoch = static_cast<std::int32_t>(epoch);
  return resume;
}

}  // namespace

Status WriteResumeNote(FileSystem& files, const std::filesystem::path& jobs, const AttemptId& id,
                       const RunnerResume& resume) {
  const Json note = {{"path", resume.path}, {"epoch", resume.epoch}};
  return files.WriteFileAtomically(PathOf(jobs, id), DumpJson(note) + "\n", 0600);
}

std::optional<RunnerResume> ReadResumeNote(FileSystem& files, const std::filesystem::path& jobs,
                                           const AttemptId& id) {
  const std::filesystem::path path = PathOf(jobs, id);
  if (!files.Exists(path)) return std::nullopt;
  auto resume = Parse(files, path);
  if (!resume.ok()) {
    spdlog::warn("{}", resume.error().message);
    return std::nullopt;
  }
  // What the path names is opened beneath the folder, never through a link, when it is uploaded.
  if (!files.Exists(jobs / FileName(id) / resume->path)) return std::nullopt;
  return *std::move(resume);
}

Status RemoveResumeNote(FileSystem& files, const std::filesystem::path& jobs, const AttemptId& id) {
  return files.Remove(PathOf(jobs, id));
}

}  // namespace tutti
