#include "coordinator/store/not_found.h"
#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kMetric = "metric";
constexpr std::string_view kTiming = "timing";

struct NamedValue {
  JobId job;
  std::string kind;
  std::string name;
  double value = 0;
};

void TakeRowWithoutPredictions(RowReader& row, ResultRecord& record) {
  row.Into(record.job, record.attempt, record.accepted_at, record.environment);
}

void TakeRow(RowReader& row, ResultRecord& record) {
  TakeRowWithoutPredictions(row, record);
  row.Into(record.predictions);
}

void TakeValueRow(RowReader& row, NamedValue& value) {
  row.Into(value.job, value.kind, value.name, value.value);
}

void TakeArtifactRow(RowReader& row, ArtifactRecord& artifact) {
  row.Into(artifact.name, artifact.blob_hash, artifact.size_bytes, artifact.removed_at);
}

void TakeRemovedArtifactRow(RowReader& row, RemovedArtifact& artifact) {
  row.Into(artifact.job, artifact.name, artifact.removed_at);
}

void TakeShardRow(RowReader& row, StoredShard& shard) {
  row.Into(shard.job, shard.blob_hash);
}

void TakePaceRow(RowReader& row, StoredPace& pace) {
  row.Into(pace.job, pace.worker, pace.device, pace.seconds);
}

Status WriteValues(SqliteConnection& connection, JobId job, std::string_view kind,
                   const std::map<std::string, double>& values) {
  SqliteQuery insert = connection.Query("INSERT INTO result_value VALUES (?1, ?2, ?3, ?4)");
  for (const auto& [name, value] : values) {
    TUTTI_RETURN_IF_ERROR(insert.Bind(job, kind, name, value).Run());
  }
  return {};
}

Status WriteArtifacts(SqliteConnection& connection, const ResultRecord& row) {
  SqliteQuery insert =
      connection.Query("INSERT INTO result_artifact VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  std::int64_t position = 0;
  for (const ArtifactRecord& artifact : row.artifacts) {
    insert.Bind(row.job, position++, artifact.name, artifact.blob_hash, artifact.size_bytes,
                artifact.removed_at);
    TUTTI_RETURN_IF_ERROR(insert.Run());
  }
  return {};
}

Status ReadParts(SqliteConnection& connection, ResultRecord& record) {
  SqliteQuery values =
      connection.Query("SELECT job, kind, name, value FROM result_value WHERE job = ?1");
  TUTTI_ASSIGN_OR_RETURN(const std::vector<NamedValue> rows,
                         ReadAll(values.Bind(record.job), "result_value", TakeValueRow));
  for (const NamedValue& row : rows) {
    (row.kind == kMetric ? record.metrics : record.timings_seconds)[row.name] = row.value;
  }
  SqliteQuery artifacts = connection.Query(
      "SELECT name, blob_hash, size_bytes, removed_at_ms FROM result_artifact WHERE job = ?1 ORDER "
      "BY position");
  TUTTI_ASSIGN_OR_RETURN(record.artifacts,
                         ReadAll(artifacts.Bind(record.job), "result_artifact", TakeArtifactRow));
  return {};
}

}  // namespace

Status Write(SqliteConnection& connection, const PutResult& change) {
  const ResultRecord& row = change.row;
  TUTTI_RETURN_IF_ERROR(
      connection
          .Query("INSERT INTO result VALUES (?1, ?2, ?3, ?4, ?5) "
                 "ON CONFLICT (job) DO UPDATE SET attempt = ?2, accepted_at_ms = ?3, "
                 "environment_json = ?4, predictions_json = ?5")
          .Bind(row.job, row.attempt, row.accepted_at, JsonText(row.environment),
                JsonText(row.predictions))
          .Run());
  TUTTI_RETURN_IF_ERROR(
      connection.Query("DELETE FROM result_value WHERE job = ?1").Bind(row.job).Run());
  TUTTI_RETURN_IF_ERROR(
      connection.Query("DELETE FROM result_artifact WHERE job = ?1").Bind(row.job).Run());
  TUTTI_RETURN_IF_ERROR(WriteValues(connection, row.job, kMetric, row.metrics));
  TUTTI_RETURN_IF_ERROR(WriteValues(connection, row.job, kTiming, row.timings_seconds));
  return WriteArtifacts(connection, row);
}

Status Write(SqliteConnection& connection, const MarkArtifactRemoved& change) {
  return connection
      .Query("UPDATE result_artifact SET removed_at_ms = ?3 WHERE job = ?1 AND name = ?2")
      .Bind(change.job, change.name, change.at)
      .Run();
}

Result<std::optional<RemovedArtifact>> ReadRemovedArtifact(SqliteConnection& connection,
                                                           std::string_view blob_hash) {
  SqliteQuery query = connection.Query(
      "SELECT job, name, removed_at_ms FROM result_artifact "
      "WHERE blob_hash = ?1 AND removed_at_ms > 0 ORDER BY job, position LIMIT 1");
  return ReadOne(query.Bind(blob_hash), "result_artifact", TakeRemovedArtifactRow);
}

Result<ResultRecord> ReadResult(SqliteConnection& connection, JobId job) {
  SqliteQuery query = connection.Query(
      "SELECT job, attempt, accepted_at_ms, environment_json, predictions_json FROM result "
      "WHERE job = ?1");
  TUTTI_ASSIGN_OR_RETURN(std::optional<ResultRecord> record,
                         ReadOne(query.Bind(job), "result", TakeRow));
  if (!record.has_value()) return NoResult(job);
  TUTTI_RETURN_IF_ERROR(ReadParts(connection, *record));
  return *std::move(record);
}

Result<std::vector<ResultRecord>> ReadResultsOf(SqliteConnection& connection, SweepId sweep) {
  SqliteQuery query = connection.Query(
      "SELECT result.job, result.attempt, result.accepted_at_ms, result.environment_json "
      "FROM job JOIN result ON result.job = job.id "
      "WHERE job.sweep = ?1 AND job.kind IN ('train', 'command') ORDER BY job.id");
  TUTTI_ASSIGN_OR_RETURN(std::vector<ResultRecord> records,
                         ReadAll(query.Bind(sweep), "result", TakeRowWithoutPredictions));
  for (ResultRecord& record : records) TUTTI_RETURN_IF_ERROR(ReadParts(connection, record));
  return records;
}

Result<std::vector<StoredShard>> ReadShards(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(
      "SELECT job.id, result_artifact.blob_hash FROM job "
      "JOIN result_artifact ON result_artifact.job = job.id "
      "WHERE job.kind = 'preprocess' AND result_artifact.name = 'shard' "
      "ORDER BY job.id, result_artifact.position");
  return ReadAll(query, "result_artifact", TakeShardRow);
}

// The newest by number of their job, so that no index beside the keys is needed.
Result<std::vector<StoredPace>> ReadPaces(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(
      "SELECT job, worker, device, seconds FROM ("
      "SELECT newest.job AS job, attempt.worker AS worker, attempt.device AS device, "
      "(SELECT sum(value) FROM result_value WHERE job = newest.job AND kind = 'timing' "
      "AND name IN ('train', 'test')) AS seconds "
      "FROM (SELECT job, attempt FROM result ORDER BY job DESC LIMIT ?1) AS newest "
      "JOIN job ON job.id = newest.job AND job.kind = 'train' "
      "JOIN attempt ON attempt.job = newest.job AND attempt.attempt = newest.attempt "
      "ORDER BY newest.job DESC LIMIT ?2) WHERE seconds > 0 ORDER BY job");
  return ReadAll(query.Bind(kResultsLookedAt, kPacesLoaded), "result_value", TakePaceRow);
}

}  // namespace tutti
