#include "coordinator/store/sqlite_error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace tutti {
namespace {

bool MeansFull(int cause) {
  return cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
}

// What the operating system said. The cause of an I/O error is kept with the connection, or (when a
// COMMIT met it) only with the file that it met it at.
std::array<int, 3> CausesOf(sqlite3* database) {
  std::array<int, 3> causes{};
  if (database == nullptr) return causes;
  causes[0] = sqlite3_system_errno(database);
  sqlite3_file_control(database, "main", SQLITE_FCNTL_LAST_ERRNO, &causes[1]);
  sqlite3_file* log = nullptr;
  sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log != nullptr && log->pMethods != nullptr) {
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &causes[2]);
  }
  return causes;
}

// SQLite calls only ENOSPC a full disk; a quota or a file size limit comes as an I/O error.
bool DiskIsFull(sqlite3* database) {
  return std::ranges::any_of(CausesOf(database), MeansFull);
}

ErrorCode Meaning(sqlite3* database, int code) {
  switch (code & 0xff) {  // the low byte is the primary code
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return ErrorCode::kResourceExhausted;
    case SQLITE_IOERR:
      return DiskIsFull(database) ? ErrorCode::kResourceExhausted : ErrorCode::kDataLoss;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kDataLoss;
    case SQLITE_CONSTRAINT:
      return ErrorCode::kFailedPrecondition;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return ErrorCode::kPermissionDenied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

Error SqliteError(sqlite3* database, int code, std::string_view doing) {
  std::string message(doing);
  message += ": ";
  message += sqlite3_errstr(code);
  if (database != nullptr) {
    const std::string detail = sqlite3_errmsg(database);
    if (detail != sqlite3_errstr(code)) message += " (" + detail + ")";
    const bool is_io = (code & 0xff) == SQLITE_IOERR;
    if (is_io && std::ranges::count(CausesOf(database), EROFS) > 0) {
      message += ": the file system is read-only; look why (dmesg), and mount it for writing again";
    }
  }
  return {Meaning(database, code), std::move(message)};
}

}  // namespace tutti
