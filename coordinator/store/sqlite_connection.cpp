#include "coordinator/store/sqlite_connection.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <utility>

#include "common/check.h"
#include "common/file_system.h"
#include "common/unique_fd.h"
#include "coordinator/store/sqlite_error.h"

namespace tutti {
namespace {

// The log is cut back to this after a burst made it longer.
constexpr std::int64_t kMaxIdleWalBytes = 64LL << 20;
// SQLite's files write less than 128 KiB at once.
constexpr sqlite3_int64 kRewrittenAtOnce = 64 << 10;
constexpr std::int64_t kWriterCacheKib = 64LL << 10;

// SQLite would create the file readable by others; its log and its shared memory take over the mode
// of the file that they find.
Status CreatePrivateFile(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoError(errno, "open " + path.string());
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  return PosixFileSystem().SyncDirectory(folder);
}

}  // namespace

SqliteConnection::SqliteConnection(sqlite3* database, std::filesystem::path path)
    : database_(database), path_(std::move(path)) {}

SqliteConnection::~SqliteConnection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement.handle);
  TUTTI_CHECK(sqlite3_close(database_) == SQLITE_OK, "a statement outlived its connection");
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::filesystem::path& path,
                                                                 Access access,
                                                                 const SqliteOptions& options) {
  const bool writes = access == Access::kReadWrite;
  if (writes) TUTTI_RETURN_IF_ERROR(CreatePrivateFile(path));
  sqlite3* database = nullptr;
  const int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  // Also a failed open gives a handle that must be closed.
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(database, path));
  if (code != SQLITE_OK) return SqliteError(database, code, "open database " + path.string());
  TUTTI_RETURN_IF_ERROR(connection->Configure(access, options));
  return connection;
}

Status SqliteConnection::Configure(Access access, const SqliteOptions& options) {
  sqlite3_busy_timeout(database_, static_cast<int>(options.busy_timeout.count()));
  if (access == Access::kReadOnly) return Execute("PRAGMA query_only = ON");
  std::string mode;
  {
    SqliteQuery wal = Query("PRAGMA journal_mode = WAL");
    TUTTI_ASSIGN_OR_RETURN(const bool row, wal.Step());
    if (row) mode = wal.Text(0);
  }
  if (mode != "wal") {
    return FailedPrecondition("database " + path_.string() +
                              ": the file system cannot hold a write-ahead log (journal mode \"" +
                              mode + "\"): put the state folder on a local disk");
  }
  return Execute(
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = " +
      std::to_string(kMaxIdleWalBytes) + "; PRAGMA cache_size = -" +
      std::to_string(kWriterCacheKib));
}

SqliteQuery SqliteConnection::Query(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) found = statements_.try_emplace(std::string(sql)).first;
  PreparedStatement& statement = found->second;
  if (statement.handle != nullptr) return SqliteQuery(statement);
  const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement.handle, nullptr);
  if (code == SQLITE_OK) return SqliteQuery(statement);
  return SqliteQuery(statement, SqliteError(database_, code, sql));
}

Status SqliteConnection::Execute(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  constexpr std::size_t kQuotedLimit = 120;
  return SqliteError(database_, code, path_.string() + ": " + sql.substr(0, kQuotedLimit));
}

Result<std::int64_t> SqliteConnection::Number(std::string_view sql) {
  SqliteQuery query = Query(sql);
  TUTTI_ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return DataLoss(path_.string() + ": no row for " + std::string(sql));
  return query.Int(0);
}

// Under the writer's lock: nobody appends meanwhile, and who reads finds the same bytes.
Status SqliteConnection::RewriteLog() {
  TUTTI_ASSIGN_OR_RETURN(SqliteTransaction transaction,
                         SqliteTransaction::Begin(*this, SqliteTransaction::Kind::kWrite));
  sqlite3_file* log = nullptr;
  sqlite3_file_control(database_, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log == nullptr || log->pMethods == nullptr) return transaction.Commit();
  sqlite3_int64 size = 0;
  int code = log->pMethods->xFileSize(log, &size);
  std::vector<char> piece(static_cast<std::size_t>(std::min(size, kRewrittenAtOnce)));
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;) {
    const auto count = static_cast<int>(std::min(size - at, kRewrittenAtOnce));
    code = log->pMethods->xRead(log, piece.data(), count, at);
    if (code == SQLITE_OK) code = log->pMethods->xWrite(log, piece.data(), count, at);
    at += count;
  }
  if (code == SQLITE_OK && size > 0) code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) return SqliteError(database_, code, "rewriting the log of the database");
  return transaction.Commit();
}

bool SqliteConnection::InTransaction() const {
  return sqlite3_get_autocommit(database_) == 0;
}

std::vector<std::string> SqliteConnection::PreparedSql() const {
  std::vector<std::string> texts;
  for (const auto& [sql, statement] : statements_) texts.push_back(sql);
  return texts;
}

Result<SqliteTransaction> SqliteTransaction::Begin(SqliteConnection& connection, Kind kind) {
  TUTTI_RETURN_IF_ERROR(connection.Query(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN").Run());
  return SqliteTransaction(connection);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
  // Some errors (a full disk) have rolled back already.
  if (connection_ == nullptr || !connection_->InTransaction()) return;
  // A rollback that fails leaves the transaction open; the next BEGIN tells it.
  (void)connection_->Query("ROLLBACK").Run();
}

Status SqliteTransaction::Commit() {
  TUTTI_RETURN_IF_ERROR(connection_->Query("COMMIT").Run());
  connection_ = nullptr;
  return {};
}

}  // namespace tutti
