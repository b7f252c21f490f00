#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

void TakeRow(RowReader& row, LogRecord& record) {
  row.Into(record.job, record.attempt, record.first, record.lines);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutLog& change) {
  const LogRecord& row = change.row;
  return connection
      .Query(
          "INSERT INTO log VALUES (?1, ?2, ?3, ?4) "
          "ON CONFLICT (job, attempt, first) DO UPDATE SET lines_json = ?4")
      .Bind(row.job, row.attempt, row.first, JsonText(row.lines))
      .Run();
}

// The row in which line `after` + 1 stands begins at or before it: the key finds it.
Result<std::vector<LogRecord>> ReadLog(SqliteConnection& connection, JobId job,
                                       AttemptNumber attempt, std::int64_t after,
                                       std::int64_t limit) {
  SqliteQuery query = connection.Query(
      "SELECT job, attempt, first, lines_json FROM log WHERE job = ?1 AND attempt = ?2 "
      "AND first >= coalesce((SELECT max(first) FROM log WHERE job = ?1 AND attempt = ?2 "
      "AND first <= ?3), 0) AND first + json_array_length(lines_json) - 1 >= ?3 "
      "ORDER BY first LIMIT ?4");
  return ReadAll(query.Bind(job, attempt, after + 1, limit), "log", TakeRow);
}

}  // namespace tutti
