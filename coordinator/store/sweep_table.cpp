#include "coordinator/store/not_found.h"
#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, name, dataset, dataset_version, source, spec_json, priority, max_attempts, "
    "time_limit_ms, created_at_ms, state, expanding_after, expanding_from FROM sweep ";

void TakeRow(RowReader& row, SweepRecord& record) {
  row.Into(record.id, record.name, record.dataset, record.dataset_version, record.source,
           record.spec_json, record.priority, record.max_attempts, record.time_limit_ms,
           record.created_at, record.state);
  std::optional<JobId> after;
  std::optional<SweepState> before;
  row.Into(after, before);
  if (after) record.expansion = Expansion{*after, before};
}

}  // namespace

Status Write(SqliteConnection& connection, const PutSweep& change) {
  const SweepRecord& row = change.row;
  std::optional<JobId> after;
  std::optional<SweepState> before;
  if (row.expansion) {
    after = row.expansion->after;
    before = row.expansion->before;
  }
  return connection
      .Query(
          "INSERT INTO sweep VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) "
          "ON CONFLICT (id) DO UPDATE SET name = ?2, dataset = ?3, dataset_version = ?4, "
          "source = ?5, spec_json = ?6, priority = ?7, max_attempts = ?8, time_limit_ms = ?9, "
          "created_at_ms = ?10, state = ?11, expanding_after = ?12, expanding_from = ?13")
      .Bind(row.id, row.name, row.dataset, row.dataset_version, row.source, row.spec_json,
            row.priority, row.max_attempts, row.time_limit_ms, row.created_at, row.state, after,
            before)
      .Run();
}

Result<std::vector<SweepRecord>> ReadSweeps(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "ORDER BY id");
  return ReadAll(query, "sweep", TakeRow);
}

Result<SweepRecord> ReadSweep(SqliteConnection& connection, std::string_view name) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "WHERE name = ?1");
  TUTTI_ASSIGN_OR_RETURN(std::optional<SweepRecord> record,
                         ReadOne(query.Bind(name), "sweep", TakeRow));
  if (!record.has_value()) {
    TUTTI_ASSIGN_OR_RETURN(const auto all, ReadSweeps(connection));
    return NoSweep(name, all);
  }
  return *std::move(record);
}

Result<SweepRecord> ReadSweep(SqliteConnection& connection, SweepId id) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "WHERE id = ?1");
  TUTTI_ASSIGN_OR_RETURN(std::optional<SweepRecord> record,
                         ReadOne(query.Bind(id), "sweep", TakeRow));
  if (!record.has_value()) return NoSweep(id);
  return *std::move(record);
}

}  // namespace tutti
