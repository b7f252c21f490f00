// One connection to the coordinator's database, with its statements kept prepared. Used by one
// thread at a time.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/result.h"
#include "coordinator/store/sqlite_query.h"

namespace tutti {

struct SqliteOptions {
  // How long a statement waits for another process's lock before it fails as kUnavailable.
  std::chrono::milliseconds busy_timeout{5000};
};

class SqliteConnection {
 public:
  enum class Access {
    kReadWrite,  // the file is created (0600) where missing; WAL, every commit synced
    kReadOnly,   // the file must be a database already
  };

  static Result<std::unique_ptr<SqliteConnection>> Open(const std::filesystem::path& path,
                                                        Access access,
                                                        const SqliteOptions& options);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // A use of the statement `sql`, prepared at its first use. One use of it at a time. An error in
  // preparing is told by the query's first Step.
  SqliteQuery Query(std::string_view sql);
  // Statements without values and rows, one after the other; not kept.
  Status Execute(const std::string& sql);
  Result<std::int64_t> Number(std::string_view sql);

  // Writes the log's bytes over themselves and syncs them: then the disk holds what the system's
  // memory shows. What an ended process left may differ there: after a failed sync the system takes
  // for clean what never reached the disk, and all that is appended behind it would be lost with
  // the power. Once, before anything is written.
  Status RewriteLog();

  bool InTransaction() const;
  // Every statement prepared so far; a test asks SQLite for their plans.
  std::vector<std::string> PreparedSql() const;

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  SqliteConnection(sqlite3* database, std::filesystem::path path);
  Status Configure(Access access, const SqliteOptions& options);

  sqlite3* database_;
  std::filesystem::path path_;
  std::unordered_map<std::string, PreparedStatement, TextHash, std::equal_to<>> statements_;
};

// From BEGIN to Commit(); rolled back where Commit() was not reached or failed.
class SqliteTransaction {
 public:
  enum class Kind { kRead, kWrite };

  static Result<SqliteTransaction> Begin(SqliteConnection& connection, Kind kind);
  SqliteTransaction(SqliteTransaction&& other) noexcept;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();

  Status Commit();

 private:
  explicit SqliteTransaction(SqliteConnection& connection) : connection_(&connection) {}

  SqliteConnection* connection_;  // null: nothing left to end
};

}  // namespace tutti
