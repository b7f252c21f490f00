// What SQLite's result codes mean to the rest of Tutti.
#pragma once

#include <sqlite3.h>
#include <string_view>

#include "common/result.h"

namespace tutti {

// `code` came from a call on `database` just now (null: the database could not be opened at all).
// FULL, and I/O errors whose cause is a full disk or a quota: kResourceExhausted. Other I/O errors,
// CORRUPT, NOTADB: kDataLoss. CONSTRAINT: kFailedPrecondition. READONLY, PERM: kPermissionDenied.
// BUSY, LOCKED, CANTOPEN: kUnavailable. Anything else: kInternal.
Error SqliteError(sqlite3* database, int code, std::string_view doing);

}  // namespace tutti
