// Reads beside the writer: a read-only connection, one snapshot of the database a call.
#pragma once

#include <filesystem>
#include <memory>

#include "common/result.h"
#include "coordinator/store/sqlite_connection.h"
#include "coordinator/store/store.h"

namespace tutti {

// `path`: a database that SqliteStore opened.
Result<std::unique_ptr<StoreReader>> OpenSqliteReader(const std::filesystem::path& path,
                                                      const SqliteOptions& options);

}  // namespace tutti
