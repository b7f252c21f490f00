// The database's tables, and how an older database becomes one of today's.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/result.h"
#include "coordinator/store/sqlite_connection.h"

namespace tutti {

// One step forward; its number is the user_version that it leaves behind.
struct Migration {
  std::int64_t version = 0;
  std::string_view sql;
};

// `PRAGMA application_id`: "Tutt", so that nobody's other database is taken for ours.
inline constexpr std::int64_t kApplicationId = 0x54757474;

// What an up-to-date database has as user_version.
std::int64_t SchemaVersion();

// kFailedPrecondition: the database is not what this program writes; nothing is changed.
Status RequireSchema(SqliteConnection& connection, std::string_view path);

// Runs the migrations that `connection` lacks, each in a transaction of its own.
// kFailedPrecondition: the database was made by a newer version, or by another program.
Status Migrate(SqliteConnection& connection, std::string_view path);

}  // namespace tutti
