#include "coordinator/store/not_found.h"
#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, dataset_version, spec_json, spec_hash FROM feature_set ";

void TakeRow(RowReader& row, FeatureSetRecord& record) {
  row.Into(record.id, record.dataset_version, record.spec_json, record.spec_hash);
}

void TakeShardRow(RowReader& row, JobId& job) {
  row.Into(job);
}

Status ReadShards(SqliteConnection& connection, FeatureSetRecord& record) {
  SqliteQuery query = connection.Query(
      "SELECT job FROM feature_set_shard WHERE feature_set = ?1 ORDER BY position");
  TUTTI_ASSIGN_OR_RETURN(record.shard_jobs,
                         ReadAll(query.Bind(record.id), "feature_set_shard", TakeShardRow));
  return {};
}

Result<std::vector<FeatureSetRecord>> ReadWithShards(SqliteConnection& connection,
                                                     SqliteQuery& query) {
  TUTTI_ASSIGN_OR_RETURN(auto records, ReadAll(query, "feature_set", TakeRow));
  for (FeatureSetRecord& record : records) TUTTI_RETURN_IF_ERROR(ReadShards(connection, record));
  return records;
}

}  // namespace

Status Write(SqliteConnection& connection, const PutFeatureSet& change) {
  const FeatureSetRecord& row = change.row;
  TUTTI_RETURN_IF_ERROR(
      connection
          .Query("INSERT INTO feature_set VALUES (?1, ?2, ?3, ?4) "
                 "ON CONFLICT (id) DO UPDATE SET dataset_version = ?2, spec_json = ?3, "
                 "spec_hash = ?4")
          .Bind(row.id, row.dataset_version, row.spec_json, row.spec_hash)
          .Run());
  TUTTI_RETURN_IF_ERROR(
      connection.Query("DELETE FROM feature_set_shard WHERE feature_set = ?1").Bind(row.id).Run());
  SqliteQuery insert = connection.Query("INSERT INTO feature_set_shard VALUES (?1, ?2, ?3)");
  std::int64_t position = 0;
  for (const JobId& job : row.shard_jobs) {
    TUTTI_RETURN_IF_ERROR(insert.Bind(row.id, position++, job).Run());
  }
  return {};
}

Result<std::vector<FeatureSetRecord>> ReadFeatureSets(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "ORDER BY id");
  return ReadWithShards(connection, query);
}

Result<FeatureSetRecord> ReadFeatureSet(SqliteConnection& connection, FeatureSetId id) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "WHERE id = ?1");
  TUTTI_ASSIGN_OR_RETURN(auto records, ReadWithShards(connection, query.Bind(id)));
  if (records.empty()) return NoFeatureSet(id);
  return std::move(records.front());
}

// Feature sets are few and jobs are many: one look into the jobs' index for each set.
Result<std::vector<FeatureSetRecord>> ReadFeatureSetsOf(SqliteConnection& connection,
                                                        SweepId sweep) {
  SqliteQuery query = connection.Query(
      std::string(kSelect) +
      "WHERE EXISTS (SELECT 1 FROM job WHERE job.feature_set = feature_set.id AND job.sweep = ?1) "
      "ORDER BY id");
  return ReadWithShards(connection, query.Bind(sweep));
}

}  // namespace tutti
