#include "coordinator/upkeep/commands.h"

#include <ostream>

#include "coordinator/upkeep/backup.h"
#include "coordinator/upkeep/collection.h"
#include "coordinator/upkeep/state_check.h"
#include "coordinator/upkeep/state_files.h"

namespace tutti {
namespace {

int Tell(const StateCheck& check, const std::filesystem::path& folder, std::ostream& out) {
  for (const Finding& finding : check.findings) out << Describe(finding) << '\n';
  if (check.findings_left_out > 0) {
    out << "and " << check.findings_left_out << " findings more\n";
  }
  out << folder.string() << ": " << check.blobs << " blobs (" << check.blob_bytes
      << " bytes) read, ";
  if (check.findings.empty()) {
    out << "all is well\n";
    return 0;
  }
  out << check.findings.size() + static_cast<std::size_t>(check.findings_left_out) << " findings\n";
  return 1;
}

std::string Describe(const BackupReport& report) {
  return std::to_string(report.blobs) + " blobs (" + std::to_string(report.blob_bytes) +
         " bytes), " + std::to_string(report.linked) + " of them hard links";
}

}  // namespace

Result<int> CheckCommand(FileSystem& files, const Clock& clock, const std::filesystem::path& state,
                         std::ostream& out) {
  std::unique_ptr<FileLock> lock;
  // A backup may lie where nothing can be written, and nobody removes anything from it.
  if (files.Exists(state / kBlobsLock)) {
    TUTTI_ASSIGN_OR_RETURN(lock, WaitForLock(state / kBlobsLock));
  }
  TUTTI_ASSIGN_OR_RETURN(const StateCheck check, CheckState(files, clock, state));
  return Tell(check, state, out);
}

Result<int> BackupCommand(FileSystem& files, const std::filesystem::path& state,
                          const std::filesystem::path& target, std::ostream& out) {
  TUTTI_ASSIGN_OR_RETURN(const BackupReport report, BackUpState(files, state, target));
  out << "backup of " << state.string() << " in " << target.string() << ": " << Describe(report)
      << '\n';
  return 0;
}

Result<int> RestoreCommand(FileSystem& files, const Clock& clock,
                           const std::filesystem::path& backup, const std::filesystem::path& state,
                           std::ostream& out) {
  TUTTI_RETURN_IF_ERROR(RequireEmptyFolder(files, state));
  TUTTI_ASSIGN_OR_RETURN(const StateCheck check, CheckState(files, clock, backup));
  if (const int found = Tell(check, backup, out); found != 0) return found;
  TUTTI_ASSIGN_OR_RETURN(const BackupReport report, RestoreState(files, backup, state));
  out << "restored into " << state.string() << ": " << Describe(report)
      << "; start tutti-coordinator --state " << state.string() << '\n';
  return 0;
}

}  // namespace tutti
