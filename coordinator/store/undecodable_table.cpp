#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kSelect =
    "SELECT content_hash, spec_hash, job, message FROM undecodable ";

void TakeRow(RowReader& row, UndecodableRecord& record) {
  row.Into(record.content_hash, record.spec_hash, record.job, record.message);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutUndecodable& change) {
  const UndecodableRecord& row = change.row;
  return connection
      .Query(
          "INSERT INTO undecodable VALUES (?1, ?2, ?3, ?4) "
          "ON CONFLICT (spec_hash, content_hash) DO UPDATE SET job = ?3, message = ?4")
      .Bind(row.spec_hash, row.content_hash, row.job, row.message)
      .Run();
}

Result<std::vector<UndecodableRecord>> ReadUndecodable(SqliteConnection& connection,
                                                       std::string_view spec_hash) {
  SqliteQuery query =
      connection.Query(std::string(kSelect) + "WHERE spec_hash = ?1 ORDER BY content_hash");
  return ReadAll(query.Bind(spec_hash), "undecodable", TakeRow);
}

Result<std::vector<UndecodableRecord>> ReadAllUndecodable(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "ORDER BY spec_hash, content_hash");
  return ReadAll(query, "undecodable", TakeRow);
}

}  // namespace tutti
