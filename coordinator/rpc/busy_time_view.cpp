#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "common/json.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/views.h"

namespace tutti {
namespace {

std::string ModelOf(const JobRecord& job) {
  if (job.kind != JobKind::kTrain) return "";
  const auto config = ParseJson(job.config_json, "configuration of a run");
  if (!config.ok() || !config->is_object()) return "";
  const Json model = config->value("model", Json());
  return model.is_string() ? model.get<std::string>() : "";
}

void AddAttempt(const AttemptRecord& attempt, UnixMillis now, v1::GetSweepResponse::BusyTime& row) {
  if (ToInt(attempt.started_at) == 0) return;
  const bool runs = attempt.outcome == AttemptOutcome::kRunning;
  if (!runs && ToInt(attempt.ended_at) == 0) return;
  const std::int64_t end = ToInt(runs ? now : attempt.ended_at);
  const double seconds =
      static_cast<double>(std::max<std::int64_t>(end - ToInt(attempt.started_at), 0)) / 1e3;
  row.set_attempts(row.attempts() + 1);
  row.set_running(row.running() + (runs ? 1 : 0));
  row.set_seconds(row.seconds() + seconds);
  const bool is_lost = !runs && attempt.outcome != AttemptOutcome::kSucceeded;
  if (is_lost) row.set_lost_seconds(row.lost_seconds() + seconds);
}

}  // namespace

Status ViewBusyTime(const SweepRecord& sweep, UnixMillis now, StoreReader& reader,
                    v1::GetSweepResponse& response) {
  JobFilter all;
  all.sweep = sweep.id;
  all.limit = std::numeric_limits<std::int64_t>::max();
  TUTTI_ASSIGN_OR_RETURN(const auto jobs, reader.Jobs(all));
  std::map<std::pair<JobKind, std::string>, v1::GetSweepResponse::BusyTime> rows;
  for (const JobRecord& job : jobs) {
    if (job.last_attempt == 0) continue;
    TUTTI_ASSIGN_OR_RETURN(const auto attempts, reader.Attempts(job.id));
    auto& row = rows[{job.kind, ModelOf(job)}];
    for (const AttemptRecord& attempt : attempts) AddAttempt(attempt, now, row);
  }
  for (auto& [key, row] : rows) {
    row.set_kind(ToProto(key.first));
    row.set_model(key.second);
    *response.add_busy_time() = std::move(row);
  }
  return {};
}

}  // namespace tutti
