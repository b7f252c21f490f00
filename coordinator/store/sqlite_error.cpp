#include "coordinator/store/sqlite_error.h"

#include <cerrno>
#include <string>

namespace tutti {
namespace {

bool DiskIsFull(sqlite3* database) {
  const int cause = database == nullptr ? 0 : sqlite3_system_errno(database);
  return cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
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
  }
  return {Meaning(database, code), std::move(message)};
}

}  // namespace tutti
