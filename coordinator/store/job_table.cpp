#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "common/json.h"
#include "coordinator/store/not_found.h"
#include "coordinator/store/row_reader.h"
#include "coordinator/store/tables.h"

namespace tutti {
namespace {

constexpr std::string_view kSelect =
    "SELECT job.id, job.kind, job.sweep, job.feature_set, job.key, job_config.config_json, "
    "job.phase, job.last_attempt, job.worker, job.failure, job.message, job.counted_failures, "
    "job.worker_losses, job.created_at_ms, job.ready_at_ms "
    "FROM job JOIN job_config ON job_config.job = job.id ";

void TakeRow(RowReader& row, JobRecord& record) {
  row.Into(record.id, record.kind, record.sweep, record.feature_set, record.key, record.config_json,
           record.phase, record.last_attempt, record.worker, record.failure, record.message,
           record.tally.counted, record.tally.worker_lost, record.created_at, record.ready_at);
}

Result<std::vector<JobRecord>> ReadJobsOfSweep(SqliteConnection& connection,
                                               const JobFilter& filter) {
  SqliteQuery query =
      connection.Query(std::string(kSelect) +
                       "WHERE job.sweep = ?1 AND job.id > ?2 AND (?3 IS NULL OR job.kind = ?3) "
                       "ORDER BY job.id LIMIT ?4");
  return ReadAll(query.Bind(filter.sweep, filter.after, filter.kind, filter.limit), "job", TakeRow);
}

// Few of many jobs may be in the phases asked for: each (kind, phase) is read in order from the
// index, then the first of all are kept.
Result<std::vector<JobRecord>> ReadJobsInPhases(SqliteConnection& connection,
                                                const JobFilter& filter) {
  constexpr std::array kAllKinds = {JobKind::kPreprocess, JobKind::kTrain, JobKind::kCommand};
  const std::set<JobPhase> phases(filter.phases.begin(), filter.phases.end());
  SqliteQuery query =
      connection.Query(std::string(kSelect) +
                       "WHERE job.sweep = ?1 AND job.kind = ?2 AND job.phase = ?3 AND job.id > ?4 "
                       "ORDER BY job.id LIMIT ?5");
  std::vector<JobRecord> jobs;
  for (const JobKind kind : kAllKinds) {
    if (filter.kind.value_or(kind) != kind) continue;
    for (const JobPhase phase : phases) {
      query.Bind(filter.sweep, kind, phase, filter.after, filter.limit);
      TUTTI_ASSIGN_OR_RETURN(std::vector<JobRecord> more, ReadAll(query, "job", TakeRow));
      std::ranges::move(more, std::back_inserter(jobs));
    }
  }
  std::ranges::sort(jobs, {}, &JobRecord::id);
  if (std::ssize(jobs) > filter.limit) jobs.resize(static_cast<std::size_t>(filter.limit));
  return jobs;
}

Result<std::vector<JobRecord>> ReadJobsOfAllSweeps(SqliteConnection& connection,
                                                   const JobFilter& filter) {
  std::optional<std::string> phases;
  if (!filter.phases.empty()) {
    Json names = Json::array();
    for (const JobPhase phase : filter.phases) names.push_back(Name(phase));
    phases = DumpJson(names);
  }
  SqliteQuery query =
      connection.Query(std::string(kSelect) +
                       "WHERE job.id > ?1 AND (?2 IS NULL OR job.kind = ?2) "
                       "AND (?3 IS NULL OR job.phase IN (SELECT value FROM json_each(?3))) "
                       "ORDER BY job.id LIMIT ?4");
  return ReadAll(query.Bind(filter.after, filter.kind, phases, filter.limit), "job", TakeRow);
}

void TakeCountRow(RowReader& row, PhaseCount& count) {
  row.Into(count.phase, count.jobs);
}

}  // namespace

Status Write(SqliteConnection& connection, const PutJob& change) {
  const JobRecord& row = change.row;
  TUTTI_RETURN_IF_ERROR(
      connection
          .Query("INSERT INTO job VALUES "
                 "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) "
                 "ON CONFLICT (id) DO UPDATE SET kind = ?2, sweep = ?3, feature_set = ?4, "
                 "key = ?5, phase = ?6, last_attempt = ?7, worker = ?8, failure = ?9, "
                 "message = ?10, counted_failures = ?11, worker_losses = ?12, "
                 "created_at_ms = ?13, ready_at_ms = ?14")
          .Bind(row.id, row.kind, row.sweep, row.feature_set, row.key, row.phase, row.last_attempt,
                row.worker, row.failure, row.message, row.tally.counted, row.tally.worker_lost,
                row.created_at, row.ready_at)
          .Run());
  return connection
      .Query(
          "INSERT INTO job_config VALUES (?1, ?2) "
          "ON CONFLICT (job) DO UPDATE SET config_json = ?2")
      .Bind(row.id, row.config_json)
      .Run();
}

Status Write(SqliteConnection& connection, const UpdateJob& change) {
  SqliteQuery query = connection.Query(
      "UPDATE job SET phase = ?2, last_attempt = ?3, worker = ?4, failure = ?5, message = ?6, "
      "counted_failures = ?7, worker_losses = ?8, ready_at_ms = ?9 WHERE id = ?1");
  query.Bind(change.id, change.phase, change.last_attempt, change.worker, change.failure,
             change.message, change.tally.counted, change.tally.worker_lost, change.ready_at);
  TUTTI_RETURN_IF_ERROR(query.Run());
  if (query.Changes() == 1) return {};
  return FailedPrecondition("update of a job: " + NoJob(change.id).message);
}

Status Write(SqliteConnection& connection, const RemoveRun& change) {
  // What refers before what is referred to; one statement a table keeps each prepared.
  for (const char* sql :
       {"DELETE FROM result_value WHERE job = ?1", "DELETE FROM result_artifact WHERE job = ?1",
        "DELETE FROM result WHERE job = ?1", "DELETE FROM epoch WHERE job = ?1",
        "DELETE FROM log WHERE job = ?1", "DELETE FROM resume WHERE job = ?1",
        "DELETE FROM attempt WHERE job = ?1", "DELETE FROM job_config WHERE job = ?1"}) {
    TUTTI_RETURN_IF_ERROR(connection.Query(sql).Bind(change.id).Run());
  }
  SqliteQuery query = connection.Query("DELETE FROM job WHERE id = ?1 AND kind <> 'preprocess'");
  TUTTI_RETURN_IF_ERROR(query.Bind(change.id).Run());
  if (query.Changes() == 1) return {};
  return FailedPrecondition("removal of a job: " + NoJob(change.id).message +
                            " that is a run; a shard is everybody's");
}

Result<std::int64_t> ReadLastJobId(SqliteConnection& connection) {
  return connection.Number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'job'");
}

Result<std::vector<JobRecord>> ReadAllJobs(SqliteConnection& connection) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "ORDER BY job.id");
  return ReadAll(query, "job", TakeRow);
}

Result<std::vector<JobRecord>> ReadJobs(SqliteConnection& connection, const JobFilter& filter) {
  if (filter.limit <= 0) return std::vector<JobRecord>();
  if (!filter.sweep.has_value()) return ReadJobsOfAllSweeps(connection, filter);
  if (!filter.phases.empty()) return ReadJobsInPhases(connection, filter);
  return ReadJobsOfSweep(connection, filter);
}

Result<JobRecord> ReadJob(SqliteConnection& connection, JobId id) {
  SqliteQuery query = connection.Query(std::string(kSelect) + "WHERE job.id = ?1");
  TUTTI_ASSIGN_OR_RETURN(std::optional<JobRecord> record, ReadOne(query.Bind(id), "job", TakeRow));
  if (!record.has_value()) return NoJob(id);
  return *std::move(record);
}

// Kind by kind, so that the index gives the groups in order and nothing is sorted.
Result<std::vector<PhaseCount>> CountRuns(SqliteConnection& connection, SweepId sweep) {
  SqliteQuery query = connection.Query(
      "SELECT phase, count(*) FROM job WHERE sweep = ?1 AND kind = ?2 GROUP BY phase");
  std::map<JobPhase, std::int64_t> jobs;
  for (const JobKind kind : {JobKind::kTrain, JobKind::kCommand}) {
    TUTTI_ASSIGN_OR_RETURN(const std::vector<PhaseCount> counts,
                           ReadAll(query.Bind(sweep, kind), "job", TakeCountRow));
    for (const PhaseCount& count : counts) jobs[count.phase] += count.jobs;
  }
  std::vector<PhaseCount> counts;
  for (const auto& [phase, count] : jobs) counts.push_back({phase, count});
  return counts;
}

}  // namespace tutti
