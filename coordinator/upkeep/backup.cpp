#include "coordinator/upkeep/backup.h"

#include <memory>
#include <string>
#include <vector>

#include "common/file_copy.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/store/database_upkeep.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/upkeep/collection.h"
#include "coordinator/upkeep/named_files.h"
#include "coordinator/upkeep/state_files.h"

namespace tutti {
namespace {

constexpr unsigned kPrivateFolder = 0700;

// Every blob that the copied database names.
Status CopyBlobs(FileSystem& files, const std::filesystem::path& from,
                 const std::filesystem::path& to, BackupReport& report) {
  TUTTI_ASSIGN_OR_RETURN(const auto store, SqliteStore::OpenForReading(to / kDatabaseFile));
  TUTTI_ASSIGN_OR_RETURN(const auto reader, store->OpenReader());
  TUTTI_ASSIGN_OR_RETURN(const NamedBlobs rows, reader->NamedBlobs());
  const auto source = BlobStore::OpenForReading(files, from / kBlobsFolder);
  const auto copies = BlobStore::OpenForReading(files, to / kBlobsFolder);
  TUTTI_ASSIGN_OR_RETURN(const std::vector<Digest> named, FilesNamedBy(rows, *source));
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(to / kBlobsFolder, kPrivateFolder));
  for (const Digest& digest : named) {
    TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path blob, source->Path(ToHex(digest)));
    TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path copy, copies->Path(ToHex(digest)));
    TUTTI_RETURN_IF_ERROR(files.CreateDirectories(copy.parent_path(), kPrivateFolder));
    const Result<CopyKind> kind = LinkOrCopy(blob, copy);
    if (!kind.ok()) {
      return Annotate(kind.error(),
                      "a blob that the database names (tutti-coordinator check "
                      "tells which rows do)");
    }
    TUTTI_ASSIGN_OR_RETURN(const std::uint64_t size, files.FileSize(copy));
    ++report.blobs;
    report.blob_bytes += static_cast<std::int64_t>(size);
    report.linked += *kind == CopyKind::kLink ? 1 : 0;
  }
  return {};
}

enum class Source { kInUse, kAtRest };  // kAtRest: a backup, which nobody writes

Status Fill(FileSystem& files, const std::filesystem::path& from, Source source,
            const std::filesystem::path& to, BackupReport& report) {
  std::unique_ptr<FileLock> lock;
  if (source == Source::kInUse) {
    // What the snapshot names stays until it is copied.
    TUTTI_ASSIGN_OR_RETURN(lock, WaitForLock(from / kBlobsLock));
  }
  TUTTI_RETURN_IF_ERROR(CopyDatabase(from / kDatabaseFile, to / kDatabaseFile));
  TUTTI_RETURN_IF_ERROR(CopyBlobs(files, from, to, report));
  return CopyIdentity(from, to);
}

Result<BackupReport> CopyState(FileSystem& files, const std::filesystem::path& from, Source source,
                               const std::filesystem::path& target) {
  if (!files.Exists(from / kDatabaseFile)) {
    return NotFound("folder " + from.string() + " holds no coordinator's state (no " +
                    std::string(kDatabaseFile) + ")");
  }
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path begun, BeginFolder(files, target));
  BackupReport report;
  Status done = Fill(files, from, source, begun, report);
  if (done.ok()) done = FinishFolder(files, begun, target);
  if (done.ok()) return report;
  (void)files.RemoveAll(begun);  // what is left of it goes with the next try
  return done.error();
}

}  // namespace

Result<BackupReport> BackUpState(FileSystem& files, const std::filesystem::path& state,
                                 const std::filesystem::path& target) {
  return CopyState(files, state, Source::kInUse, target);
}

Result<BackupReport> RestoreState(FileSystem& files, const std::filesystem::path& backup,
                                  const std::filesystem::path& state) {
  return CopyState(files, backup, Source::kAtRest, state);
}

}  // namespace tutti
