#include "coordinator/store/database_upkeep.h"

#include <cerrno>
#include <fcntl.h>
#include <memory>

#include "common/file_system.h"
#include "common/unique_fd.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/sqlite_connection.h"

namespace tutti {
namespace {

Result<std::unique_ptr<SqliteConnection>> OpenExisting(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return NotFound("there is no database " + path.string());
  TUTTI_ASSIGN_OR_RETURN(auto connection,
                         SqliteConnection::Open(path, SqliteConnection::Access::kReadOnly, {}));
  TUTTI_RETURN_IF_ERROR(RequireSchema(*connection, path.string()));
  return connection;
}

// VACUUM INTO takes an empty file, and would make one that others can read.
Status MakeEmptyFile(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoError(errno, "create " + path.string());
  return {};
}

// Its rows as lines, but "ok".
Status Append(SqliteConnection& connection, std::string_view sql, std::vector<std::string>& lines) {
  SqliteQuery query = connection.Query(sql);
  while (true) {
    const Result<bool> row = query.Step();
    if (!row.ok() && row.error().code == ErrorCode::kDataLoss) {
      lines.push_back(row.error().message);
      return {};
    }
    if (!row.ok()) return row.error();
    if (!*row) return {};
    if (query.Text(0) != "ok") lines.emplace_back(query.Text(0));
  }
}

}  // namespace

Status CopyDatabase(const std::filesystem::path& from, const std::filesystem::path& to) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, OpenExisting(from));
  TUTTI_RETURN_IF_ERROR(MakeEmptyFile(to));
  // The copy is another database; this one stays as it is.
  TUTTI_RETURN_IF_ERROR(connection->Execute("PRAGMA query_only = OFF"));
  TUTTI_RETURN_IF_ERROR(connection->Query("VACUUM INTO ?1").Bind(to.string()).Run());
  return PosixFileSystem().SyncFile(to);
}

Result<std::vector<std::string>> FindDatabaseDamage(const std::filesystem::path& path) {
  const auto opened = OpenExisting(path);
  // So damaged that not even its version can be read.
  if (!opened.ok() && opened.error().code == ErrorCode::kDataLoss) {
    return std::vector<std::string>{opened.error().message};
  }
  if (!opened.ok()) return opened.error();
  SqliteConnection& connection = **opened;
  std::vector<std::string> lines;
  const std::string limit = std::to_string(kMaxDatabaseFindings);
  TUTTI_RETURN_IF_ERROR(Append(connection, "PRAGMA integrity_check(" + limit + ")", lines));
  if (!lines.empty()) return lines;
  TUTTI_RETURN_IF_ERROR(
      Append(connection,
             "SELECT 'row ' || rowid || ' of table ' || \"table\" || ' names a row of table ' || "
             "parent || ' that is not there' FROM pragma_foreign_key_check LIMIT " +
                 limit,
             lines));
  return lines;
}

Result<std::vector<std::string>> RowsNaming(const std::filesystem::path& path,
                                            std::string_view blob_hash) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, OpenExisting(path));
  std::vector<std::string> rows;
  for (const std::string_view sql :
       {"SELECT 'result of job ' || job || ' (' || name || ')' FROM result_artifact WHERE "
        "blob_hash = ?1 AND removed_at_ms = 0",
        "SELECT 'resume file of job ' || job FROM resume WHERE blob_hash = ?1",
        "SELECT 'manifest of dataset ' || name FROM dataset WHERE version = ?1",
        "SELECT 'manifest of sweep ' || name FROM sweep WHERE dataset_version = ?1"}) {
    SqliteQuery query = connection->Query(sql);
    query.Bind(blob_hash);
    while (true) {
      TUTTI_ASSIGN_OR_RETURN(const bool row, query.Step());
      if (!row) break;
      rows.emplace_back(query.Text(0));
    }
  }
  return rows;
}

}  // namespace tutti
