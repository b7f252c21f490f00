#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kSelect =
    "SELECT attempt.job, attempt.attempt, attempt.worker, attempt.outcome, attempt.last_sequence, "
    "attempt.granted_at_ms, attempt.started_at_ms, attempt.ended_at_ms, attempt.failure, "
    "attempt.message, attempt.exit_code, attempt.signal, attempt.log_tail_json, attempt.device "
    "FROM attempt ";

void TakeRow(RowReader& row, AttemptRecord& record) {
  row.Into(record.job, record.attempt, record.worker, record.outcome, record.last_sequence,
           record.granted_at, record.started_at, record.ended_at, record.failure, record.message,
           record.exit_code, record.signal, record.log_tail, record.device);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutAttempt& change) {
  const AttemptRecord& row = change.row;
  return connection
      .Query(
          "INSERT INTO attempt VALUES "
          "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) "
          "ON CONFLICT (job, attempt) DO UPDATE SET worker = ?3, outcome = ?4, "
          "last_sequence = ?5, granted_at_ms = ?6, started_at_ms = ?7, ended_at_ms = ?8, "
          "failure = ?9, message = ?10, exit_code = ?11, signal = ?12, log_tail_json = ?13, "
          "device = ?14")
      .Bind(row.job, row.attempt, row.worker, row.outcome, row.last_sequence, row.granted_at,
            row.started_at, row.ended_at, row.failure, row.message, row.exit_code, row.signal,
            JsonText(row.log_tail), row.device)
      .Run();
}

Result<std::vector<AttemptRecord>> ReadAttempts(SqliteConnection& connection, JobId job) {
  SqliteQuery query =
      connection.Query(std::string(kSelect) + "WHERE attempt.job = ?1 ORDER BY attempt.attempt");
  return ReadAll(query.Bind(job), "attempt", TakeRow);
}

Result<std::vector<AttemptRecord>> ReadLiveAttempts(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(
      std::string(kSelect) +
      "JOIN job ON job.id = attempt.job "
      "WHERE attempt.outcome IN ('leased', 'running', 'lost') "
      "AND (attempt.outcome <> 'lost' OR job.phase NOT IN ('succeeded', 'cancelled')) "
      "ORDER BY attempt.job, attempt.attempt");
  return ReadAll(query, "attempt", TakeRow);
}

}  // namespace tutti
