#include "coordinator/store/sqlite_store.h"

#include <utility>
#include <variant>

#include "coordinator/store/network_file_system.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/sqlite_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {

SqliteStore::SqliteStore(std::filesystem::path path, const SqliteOptions& options,
                         std::unique_ptr<SqliteConnection> connection)
    : path_(std::move(path)), options_(options), connection_(std::move(connection)) {}

namespace {

// A new database's shared memory that finds no room comes as an I/O error without a cause.
constexpr std::uintmax_t kTooLittleBytes = 1 << 20;

Error AtOpening(Error error, const std::filesystem::path& path,
                const std::filesystem::path& folder) {
  std::error_code unknown;
  const auto space = std::filesystem::space(folder, unknown);
  const bool of_the_disk =
      error.code == ErrorCode::kDataLoss || error.code == ErrorCode::kResourceExhausted;
  if (!unknown && of_the_disk && space.available < kTooLittleBytes) {
    error.code = ErrorCode::kResourceExhausted;
    error.message += "; No space left: " + std::to_string(space.available) + " bytes are free";
  }
  return Annotate(std::move(error), "database " + path.string());
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::filesystem::path& path,
                                                       const SqliteOptions& options) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  TUTTI_RETURN_IF_ERROR(RefuseNetworkFileSystem(folder));
  auto connection = SqliteConnection::Open(path, SqliteConnection::Access::kReadWrite, options);
  if (!connection.ok()) return AtOpening(std::move(connection).error(), path, folder);
  const Status settled = (*connection)->RewriteLog();
  if (!settled.ok()) return AtOpening(settled.error(), path, folder);
  const Status migrated = Migrate(**connection, path.string());
  if (!migrated.ok()) return AtOpening(migrated.error(), path, folder);
  return std::unique_ptr<SqliteStore>(new SqliteStore(path, options, *std::move(connection)));
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::OpenForReading(
    const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return NotFound("there is no database " + path.string());
  TUTTI_ASSIGN_OR_RETURN(
      auto connection,
      SqliteConnection::Open(path, SqliteConnection::Access::kReadOnly, SqliteOptions{}));
  TUTTI_RETURN_IF_ERROR(RequireSchema(*connection, path.string()));
  return std::unique_ptr<SqliteStore>(
      new SqliteStore(path, SqliteOptions{}, std::move(connection)));
}

Status SqliteStore::Commit(const Changes& changes) {
  TUTTI_ASSIGN_OR_RETURN(SqliteTransaction transaction,
                         SqliteTransaction::Begin(*connection_, SqliteTransaction::Kind::kWrite));
  for (const Change& change : changes) {
    TUTTI_RETURN_IF_ERROR(
        std::visit([&](const auto& row) { return Write(*connection_, row); }, change));
  }
  Status committed = transaction.Commit();
  if (!committed.ok() && committed.error().code == ErrorCode::kFailedPrecondition) {
    return NameDanglingReference(std::move(committed).error());
  }
  return committed;
}

Error SqliteStore::NameDanglingReference(Error error) {
  SqliteQuery check = connection_->Query("PRAGMA foreign_key_check");
  const Result<bool> found = check.Step();
  if (found.ok() && *found) {
    error.message += ": a row of table " + std::string(check.Text(0)) + " names a row of table " +
                     std::string(check.Text(2)) + " that is neither stored nor in this batch";
  }
  return error;
}

Result<StoredState> SqliteStore::Load() {
  TUTTI_ASSIGN_OR_RETURN(SqliteTransaction transaction,
                         SqliteTransaction::Begin(*connection_, SqliteTransaction::Kind::kRead));
  StoredState state;
  TUTTI_ASSIGN_OR_RETURN(state.sweeps, ReadSweeps(*connection_));
  TUTTI_ASSIGN_OR_RETURN(state.feature_sets, ReadFeatureSets(*connection_));
  TUTTI_ASSIGN_OR_RETURN(state.jobs, ReadAllJobs(*connection_));
  TUTTI_ASSIGN_OR_RETURN(state.live_attempts, ReadLiveAttempts(*connection_));
  TUTTI_ASSIGN_OR_RETURN(state.undecodable, ReadAllUndecodable(*connection_));
  TUTTI_ASSIGN_OR_RETURN(state.workers, ReadWorkers(*connection_));
  TUTTI_ASSIGN_OR_RETURN(state.datasets, ReadDatasets(*connection_));
  TUTTI_ASSIGN_OR_RETURN(state.shards, ReadShards(*connection_));
  TUTTI_ASSIGN_OR_RETURN(state.paces, ReadPaces(*connection_));
  if (!state.sweeps.empty()) state.last_sweep_id = state.sweeps.back().id.value;
  if (!state.feature_sets.empty()) state.last_feature_set_id = state.feature_sets.back().id.value;
  TUTTI_ASSIGN_OR_RETURN(state.last_job_id, ReadLastJobId(*connection_));
  TUTTI_RETURN_IF_ERROR(transaction.Commit());
  return state;
}

Result<std::unique_ptr<StoreReader>> SqliteStore::OpenReader() {
  return OpenSqliteReader(path_, options_);
}

}  // namespace tutti
