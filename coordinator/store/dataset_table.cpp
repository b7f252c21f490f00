#include "coordinator/store/not_found.h"
#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kSelect =
    "SELECT name, version, registered_at_ms, tracks, track_groups, size_bytes, classes_json, "
    "tracks_per_class_json FROM dataset ";

void TakeRow(RowReader& row, DatasetRecord& record) {
  row.Into(record.name, record.version, record.registered_at, record.tracks, record.groups,
           record.size_bytes, record.classes, record.tracks_per_class);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutDataset& change) {
  const DatasetRecord& row = change.row;
  return connection
      .Query(
          "INSERT INTO dataset VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
          "ON CONFLICT (name) DO UPDATE SET version = ?2, registered_at_ms = ?3, tracks = ?4, "
          "track_groups = ?5, size_bytes = ?6, classes_json = ?7, tracks_per_class_json = ?8")
      .Bind(row.name, row.version, row.registered_at, row.tracks, row.groups, row.size_bytes,
            JsonText(row.classes), JsonText(row.tracks_per_class))
      .Run();
}

Status Write(SqliteConnection& connection, const RemoveDataset& change) {
  return connection.Query("DELETE FROM dataset WHERE name = ?1").Bind(change.name).Run();
}

Result<std::vector<DatasetRecord>> ReadDatasets(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "ORDER BY name");
  return ReadAll(query, "dataset", TakeRow);
}

Result<DatasetRecord> ReadDataset(SqliteConnection& connection, std::string_view name) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "WHERE name = ?1");
  TUTTI_ASSIGN_OR_RETURN(std::optional<DatasetRecord> record,
                         ReadOne(query.Bind(name), "dataset", TakeRow));
  if (!record.has_value()) {
    TUTTI_ASSIGN_OR_RETURN(const auto all, ReadDatasets(connection));
    return NoDataset(name, all);
  }
  return *std::move(record);
}

}  // namespace tutti
