#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kSelect =
    "SELECT job, attempt, epoch, train_loss, train_accuracy, val_loss, val_accuracy, seconds "
    "FROM epoch ";

void TakeRow(RowReader& row, EpochRecord& record) {
  row.Into(record.job, record.attempt, record.epoch, record.train_loss, record.train_accuracy,
           record.val_loss, record.val_accuracy, record.seconds);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutEpoch& change) {
  const EpochRecord& row = change.row;
  return connection
      .Query(
          "INSERT INTO epoch VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
          "ON CONFLICT (job, attempt, epoch) DO UPDATE SET train_loss = ?4, "
          "train_accuracy = ?5, val_loss = ?6, val_accuracy = ?7, seconds = ?8")
      .Bind(row.job, row.attempt, row.epoch, row.train_loss, row.train_accuracy, row.val_loss,
            row.val_accuracy, row.seconds)
      .Run();
}

Result<std::vector<EpochRecord>> ReadEpochs(SqliteConnection& connection, JobId job,
                                            AttemptNumber attempt) {
  SqliteQuery query =
      connection.Query(std::string(kSelect) + "WHERE job = ?1 AND attempt = ?2 ORDER BY epoch");
  return ReadAll(query.Bind(job, attempt), "epoch", TakeRow);
}

Result<std::optional<EpochRecord>> ReadLastEpoch(SqliteConnection& connection, JobId job) {
  SqliteQuery query = connection.Query(std::string(kSelect) +
                                       "WHERE job = ?1 ORDER BY attempt DESC, epoch DESC LIMIT 1");
  return ReadOne(query.Bind(job), "epoch", TakeRow);
}

}  // namespace tutti
