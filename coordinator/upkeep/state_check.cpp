#include "coordinator/upkeep/state_check.h"

#include <set>
#include <utility>

#include "common/hash.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/core/core.h"
#include "coordinator/store/database_upkeep.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/upkeep/named_files.h"
#include "coordinator/upkeep/state_files.h"

namespace tutti {
namespace {

class Checker {
 public:
  Checker(FileSystem& files, const Clock& clock, const std::filesystem::path& folder)
      : clock_(clock),
        database_(folder / kDatabaseFile),
        blobs_(BlobStore::OpenForReading(files, folder / kBlobsFolder)) {}

  Result<StateCheck> Check() {
    TUTTI_ASSIGN_OR_RETURN(const auto damage, FindDatabaseDamage(database_));
    for (const std::string& line : damage) {
      Add({"the database is damaged", database_.string(), "", line,
           "restore a backup into a new state folder"});
    }
    // What a damaged database says of the rest cannot be relied on.
    if (!damage.empty()) return std::move(check_);
    TUTTI_ASSIGN_OR_RETURN(const auto store, SqliteStore::OpenForReading(database_));
    CheckInvariants(*store);
    TUTTI_ASSIGN_OR_RETURN(const auto reader, store->OpenReader());
    const Result<NamedBlobs> rows = reader->NamedBlobs();
    if (!rows.ok()) {
      Add({"a row cannot be read", database_.string(), "", rows.error().message,
           "restore a backup into a new state folder"});
      return std::move(check_);
    }
    CheckBlobs(*rows);
    return std::move(check_);
  }

 private:
  void Add(Finding finding) {
    if (check_.findings.size() < kMaxFindings) {
      check_.findings.push_back(std::move(finding));
    } else {
      ++check_.findings_left_out;
    }
  }

  void CheckInvariants(SqliteStore& store) {
    const Moment now{clock_.SteadyNow(), clock_.WallNow()};
    const Result<StoredState> state = store.Load();
    Result<std::unique_ptr<Core>> core =
        state.ok() ? Core::Restore({}, *state, now) : Result<std::unique_ptr<Core>>(state.error());
    std::vector<std::string> lines;
    if (core.ok()) {
      lines = (*core)->CheckInvariants();
    } else {
      lines.push_back(core.error().message);
    }
    for (const std::string& line : lines) {
      Add({"stored rows contradict each other", database_.string(), "", line,
           "restore a backup into a new state folder"});
    }
  }

  // Each manifest alone, so that one that is lost does not hide the others' tracks.
  void CheckBlobs(const NamedBlobs& rows) {
    std::set<Digest> named(rows.blobs.begin(), rows.blobs.end());
    for (const Digest& version : rows.dataset_versions) {
      named.insert(version);
      const auto files = FilesNamedBy({{}, {version}}, *blobs_);
      if (files.ok()) named.insert(files->begin(), files->end());
    }
    for (const Digest& digest : named) CheckBlob(ToHex(digest));
  }

  void CheckBlob(const std::string& hash) {
    const Result<OpenBlob> blob = blobs_->OpenForRead(hash);
    const std::string path = blobs_->Path(hash)->string();
    const std::string remedy = "put the file back from a backup, or " + Remake(hash);
    if (!blob.ok()) {
      Add({"a blob is missing", path + NamedBy(hash), "", blob.error().message, remedy});
      return;
    }
    ++check_.blobs;
    check_.blob_bytes += blob->size_bytes;
    const Result<std::string> got = Sha256HexOfFile(path);
    if (!got.ok()) {
      Add({"a blob cannot be read", path + NamedBy(hash), "", got.error().message, remedy});
    } else if (*got != hash) {
      Add({"a blob was changed by the disk", path + NamedBy(hash), "SHA-256 " + hash,
           "SHA-256 " + *got + " of " + std::to_string(blob->size_bytes) + " bytes",
           "remove the file, then " + remedy});
    }
  }

  std::string NamedBy(const std::string& hash) const {
    const Result<std::vector<std::string>> rows = RowsNaming(database_, hash);
    if (!rows.ok()) return "";
    // Tracks and programs are named by manifests and specifications, not by rows.
    if (rows->empty()) return ", a dataset's track or a file of a program";
    const std::string more =
        rows->size() > 1 ? " and " + std::to_string(rows->size() - 1) + " more" : "";
    return ", " + rows->front() + more;
  }

  std::string Remake(const std::string& hash) const {
    const Result<std::vector<std::string>> rows = RowsNaming(database_, hash);
    const bool is_of_a_result = rows.ok() && !rows->empty() && rows->front().starts_with("result");
    return is_of_a_result ? "make the result again (tutti replay JOB shows how)"
                          : "run the same tutti dataset add or tutti submit again";
  }

  const Clock& clock_;
  const std::filesystem::path database_;
  std::unique_ptr<const BlobStore> blobs_;
  StateCheck check_;
};

}  // namespace

std::string Describe(const Finding& finding) {
  std::string text = finding.what + ": " + finding.where;
  if (!finding.expected.empty()) text += ": expected " + finding.expected;
  if (!finding.got.empty()) text += (finding.expected.empty() ? ": " : ", got ") + finding.got;
  return text + ": " + finding.remedy;
}

Result<StateCheck> CheckState(FileSystem& files, const Clock& clock,
                              const std::filesystem::path& folder) {
  if (!files.Exists(folder / kDatabaseFile)) {
    return NotFound("folder " + folder.string() + " holds no coordinator's state (no " +
                    std::string(kDatabaseFile) + ")");
  }
  return Checker(files, clock, folder).Check();
}

}  // namespace tutti
