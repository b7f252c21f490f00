#include "coordinator/store/request_memory.h"
#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

void TakeRow(RowReader& row, std::string& reply) {
  row.Into(reply);
}

}  // namespace

Status Write(SqliteConnection& connection, const RememberRequest& change) {
  TUTTI_RETURN_IF_ERROR(connection
                            .Query("DELETE FROM request WHERE id IN (SELECT id FROM request "
                                   "WHERE at_ms < ?1 ORDER BY at_ms, id LIMIT ?2)")
                            .Bind(OldestRemembered(change.at), kForgottenAtOnce)
                            .Run());
  return connection
      .Query(
          "INSERT INTO request VALUES (?1, ?2, ?3) "
          "ON CONFLICT (id) DO UPDATE SET reply = ?2, at_ms = ?3")
      .Bind(change.request_id, change.reply, change.at)
      .Run();
}

Result<std::optional<std::string>> ReadRememberedReply(SqliteConnection& connection,
                                                       std::string_view request_id) {
  SqliteQuery query = connection.Query("SELECT reply FROM request WHERE id = ?1");
  return ReadOne(query.Bind(request_id), "request", TakeRow);
}

}  // namespace tutti
