#include "coordinator/store/schema.h"

#include <array>
#include <string>

#include "coordinator/store/schema_v1.h"
#include "coordinator/store/schema_v2.h"
#include "coordinator/store/schema_v3.h"
#include "coordinator/store/schema_v4.h"
#include "coordinator/store/schema_v5.h"
#include "coordinator/store/schema_v6.h"

namespace tutti {
namespace {

// Append only: a step that was released is never changed.
constexpr std::array<Migration, 6> kMigrations{{{1, kSchemaV1},
                                                {2, kSchemaV2},
                                                {3, kSchemaV3},
                                                {4, kSchemaV4},
                                                {5, kSchemaV5},
                                                {6, kSchemaV6}}};

Status RunMigration(SqliteConnection& connection, const Migration& migration) {
  TUTTI_ASSIGN_OR_RETURN(SqliteTransaction transaction,
                         SqliteTransaction::Begin(connection, SqliteTransaction::Kind::kWrite));
  TUTTI_RETURN_IF_ERROR(connection.Execute(std::string(migration.sql)));
  TUTTI_RETURN_IF_ERROR(
      connection.Execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                         "; PRAGMA user_version = " + std::to_string(migration.version)));
  return transaction.Commit();
}

// kFailedPrecondition: another program's, or a newer version's.
Result<std::int64_t> ReadVersion(SqliteConnection& connection, std::string_view path) {
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t version, connection.Number("PRAGMA user_version"));
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t owner, connection.Number("PRAGMA application_id"));
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t tables,
                         connection.Number("SELECT count(*) FROM sqlite_schema"));
  if (owner != kApplicationId && (tables > 0 || version != 0)) {
    return FailedPrecondition("database " + std::string(path) +
                              " belongs to another program (application id " +
                              std::to_string(owner) + ", expected " +
                              std::to_string(kApplicationId) + "): name another state folder");
  }
  if (version > SchemaVersion()) {
    return FailedPrecondition(
        "database " + std::string(path) + " has schema version " + std::to_string(version) +
        ", this program knows versions up to " + std::to_string(SchemaVersion()) +
        ": start a tutti-coordinator at least as new as the one that last used it, or restore a "
        "backup from before");
  }
  return version;
}

}  // namespace

std::int64_t SchemaVersion() {
  return kMigrations.back().version;
}

Status RequireSchema(SqliteConnection& connection, std::string_view path) {
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t version, ReadVersion(connection, path));
  if (version == SchemaVersion()) return {};
  return FailedPrecondition("database " + std::string(path) + " has schema version " +
                            std::to_string(version) + ", expected " +
                            std::to_string(SchemaVersion()) +
                            ": start this tutti-coordinator on it once, which brings it up to "
                            "date, or use the one that made it");
}

Status Migrate(SqliteConnection& connection, std::string_view path) {
  TUTTI_ASSIGN_OR_RETURN(const std::int64_t version, ReadVersion(connection, path));
  for (const Migration& migration : kMigrations) {
    if (migration.version <= version) continue;
    Status done = RunMigration(connection, migration);
    if (!done.ok()) {
      return Annotate(done.error(), "database " + std::string(path) + ", migration to version " +
                                        std::to_string(migration.version));
    }
  }
  return {};
}

}  // namespace tutti
