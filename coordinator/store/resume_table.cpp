#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

void TakeRow(RowReader& row, ResumeRecord& record) {
  row.Into(record.job, record.attempt, record.blob_hash, record.size_bytes, record.epoch);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutResume& change) {
  const ResumeRecord& row = change.row;
  return connection
      .Query(
          "INSERT INTO resume VALUES (?1, ?2, ?3, ?4, ?5) "
          "ON CONFLICT (job) DO UPDATE SET attempt = ?2, blob_hash = ?3, size_bytes = ?4, "
          "epoch = ?5")
      .Bind(row.job, row.attempt, row.blob_hash, row.size_bytes, row.epoch)
      .Run();
}

Status Write(SqliteConnection& connection, const RemoveResume& change) {
  return connection.Query("DELETE FROM resume WHERE job = ?1").Bind(change.job).Run();
}

Result<std::optional<ResumeRecord>> ReadResume(SqliteConnection& connection, JobId job) {
  SqliteQuery query = connection.Query(
      "SELECT job, attempt, blob_hash, size_bytes, epoch FROM resume WHERE job = ?1");
  return ReadOne(query.Bind(job), "resume", TakeRow);
}

}  // namespace tutti
