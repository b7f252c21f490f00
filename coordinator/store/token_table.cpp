#include "coordinator/store/not_found.h"
#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kSelect =
    "SELECT token_hash, role, name, worker, created_at_ms, grants, expires_at_ms FROM token ";

void TakeRow(RowReader& row, TokenRecord& record) {
  row.Into(record.token_hash, record.role, record.name, record.worker, record.created_at,
           record.grants, record.expires_at);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutToken& change) {
  const TokenRecord& row = change.row;
  return connection
      .Query(
          "INSERT INTO token VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
          "ON CONFLICT (token_hash) DO UPDATE SET role = ?2, name = ?3, worker = ?4, "
          "created_at_ms = ?5, grants = ?6, expires_at_ms = ?7")
      .Bind(row.token_hash, row.role, row.name, row.worker, row.created_at, row.grants,
            row.expires_at)
      .Run();
}

Status Write(SqliteConnection& connection, const RemoveToken& change) {
  return connection.Query("DELETE FROM token WHERE token_hash = ?1").Bind(change.token_hash).Run();
}

Result<TokenRecord> ReadToken(SqliteConnection& connection, std::string_view token_hash) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "WHERE token_hash = ?1");
  TUTTI_ASSIGN_OR_RETURN(std::optional<TokenRecord> record,
                         ReadOne(query.Bind(token_hash), "token", TakeRow));
  if (!record.has_value()) return NoToken();
  return *std::move(record);
}

Result<std::vector<TokenRecord>> ReadTokens(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "ORDER BY name, token_hash");
  return ReadAll(query, "token", TakeRow);
}

}  // namespace tutti
