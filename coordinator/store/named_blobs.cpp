#include "coordinator/store/named_blobs.h"

#include <utility>

#include "common/json.h"
#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

Result<Digest> Parse(std::string_view hash, std::string_view table) {
  constexpr std::size_t kQuotedLimit = 80;
  if (const auto digest = DigestFromHex(hash)) return *digest;
  return DataLoss("table " + std::string(table) + " names the blob \"" +
                  std::string(hash.substr(0, kQuotedLimit)) + "\": expected a SHA-256");
}

Status AddColumn(SqliteConnection& connection, std::string_view sql, std::string_view table,
                 NamedBlobsCollector& named,
                 Status (NamedBlobsCollector::*add)(std::string_view, std::string_view)) {
  SqliteQuery query = connection.Query(sql);
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return {};
    TUTTI_RETURN_IF_ERROR((named.*add)(query.Text(0), table));
  }
}

}  // namespace

Status NamedBlobsCollector::AddBlob(std::string_view hash, std::string_view table) {
  TUTTI_ASSIGN_OR_RETURN(const Digest digest, Parse(hash, table));
  named_.blobs.push_back(digest);
  return {};
}

Status NamedBlobsCollector::AddVersion(std::string_view version, std::string_view table) {
  TUTTI_ASSIGN_OR_RETURN(const Digest digest, Parse(version, table));
  named_.dataset_versions.push_back(digest);
  return {};
}

Status NamedBlobsCollector::AddSweep(const SweepRecord& sweep, bool has_shards_to_make) {
  if (sweep.state == SweepState::kDeleted) {
    if (!has_shards_to_make || sweep.dataset_version.empty()) return {};
    return AddBlob(sweep.dataset_version, "sweep");
  }
  if (!sweep.dataset_version.empty()) {
    TUTTI_RETURN_IF_ERROR(AddVersion(sweep.dataset_version, "sweep"));
  }
  const std::string what = "the stored specification of sweep " + sweep.name;
  TUTTI_ASSIGN_OR_RETURN(const Json spec, ParseJson(sweep.spec_json, what));
  const Json files = spec.value(Json::json_pointer("/options/runner/files"), Json::array());
  for (const Json& file : files) {
    TUTTI_ASSIGN_OR_RETURN(const auto hash, Field<std::string>(file, "hash", what));
    TUTTI_RETURN_IF_ERROR(AddBlob(hash, "sweep"));
  }
  return {};
}

Result<NamedBlobs> ReadNamedBlobs(SqliteConnection& connection) {
  NamedBlobsCollector named;
  TUTTI_RETURN_IF_ERROR(AddColumn(connection,
                                  "SELECT blob_hash FROM result_artifact WHERE removed_at_ms = 0",
                                  "result_artifact", named, &NamedBlobsCollector::AddBlob));
  TUTTI_RETURN_IF_ERROR(AddColumn(connection, "SELECT blob_hash FROM resume", "resume", named,
                                  &NamedBlobsCollector::AddBlob));
  TUTTI_RETURN_IF_ERROR(AddColumn(connection, "SELECT version FROM dataset", "dataset", named,
                                  &NamedBlobsCollector::AddVersion));
  SqliteQuery shards_to_make = connection.Query(
      "SELECT EXISTS (SELECT 1 FROM job WHERE sweep = ?1 AND kind = 'preprocess' AND "
      "phase <> 'succeeded')");
  TUTTI_ASSIGN_OR_RETURN(const std::vector<SweepRecord> sweeps, ReadSweeps(connection));
  for (const SweepRecord& sweep : sweeps) {
    TUTTI_ASSIGN_OR_RETURN(const bool row, shards_to_make.Bind(sweep.id).Step());
    TUTTI_RETURN_IF_ERROR(named.AddSweep(sweep, row && shards_to_make.Int(0) != 0));
  }
  return named.Take();
}

}  // namespace tutti
