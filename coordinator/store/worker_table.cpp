#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

void TakeRow(RowReader& row, WorkerRecord& record) {
  row.Into(record.id, record.name, record.host, record.version, record.slots, record.cores,
           record.first_seen, record.last_seen, record.drained);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutWorker& change) {
  const WorkerRecord& row = change.row;
  return connection
      .Query(
          "INSERT INTO worker VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
          "ON CONFLICT (id) DO UPDATE SET name = ?2, host = ?3, version = ?4, slots = ?5, "
          "cores = ?6, first_seen_ms = ?7, last_seen_ms = ?8, drained = ?9")
      .Bind(row.id, row.name, row.host, row.version, row.slots, row.cores, row.first_seen,
            row.last_seen, std::int64_t{row.drained})
      .Run();
}

Result<std::vector<WorkerRecord>> ReadWorkers(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(
      "SELECT id, name, host, version, slots, cores, first_seen_ms, last_seen_ms, drained "
      "FROM worker ORDER BY name, id");
  return ReadAll(query, "worker", TakeRow);
}

}  // namespace tutti
