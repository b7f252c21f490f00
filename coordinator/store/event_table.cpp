#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

void TakeRow(RowReader& row, EventRecord& record) {
  row.Into(record.number, record.at, record.kind, record.sweep, record.job, record.attempt,
           record.worker, record.detail);
}

}  // namespace

// Rows are never deleted, so the number that SQLite picks is one above the highest.
Status Write(SqliteConnection& connection, const AppendEvent& change) {
  const EventRecord& row = change.row;
  return connection.Query("INSERT INTO event VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")
      .Bind(row.at, row.kind, row.sweep, row.job, row.attempt, row.worker, row.detail)
      .Run();
}

Result<std::vector<EventRecord>> ReadEvents(SqliteConnection& connection, std::int64_t after,
                                            std::int64_t limit) {
  if (limit <= 0) return std::vector<EventRecord>();
  SqliteQuery query = connection.Query(
      "SELECT number, at_ms, kind, sweep, job, attempt, worker, detail FROM event "
      "WHERE number > ?1 ORDER BY number LIMIT ?2");
  return ReadAll(query.Bind(after, limit), "event", TakeRow);
}

}  // namespace tutti
