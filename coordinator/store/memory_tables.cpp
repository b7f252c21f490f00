#include "coordinator/store/memory_tables.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <set>
#include <variant>

#include "coordinator/store/not_found.h"
#include "coordinator/store/request_memory.h"

namespace tutti {
namespace {

template <class Map>
void Set(Map& map, const typename Map::key_type& key, const typename Map::mapped_type& value,
         std::vector<std::function<void()>>& undo) {
  const auto [place, inserted] = map.try_emplace(key, value);
  if (inserted) {
    undo.push_back([&map, key] { map.erase(key); });
    return;
  }
  undo.push_back([&map, key, before = place->second] { map[key] = before; });
  place->second = value;
}

template <class Map>
void Erase(Map& map, const typename Map::key_type& key, std::vector<std::function<void()>>& undo) {
  const auto place = map.find(key);
  if (place == map.end()) return;
  undo.push_back([&map, key, before = place->second] { map[key] = before; });
  map.erase(place);
}

Error Dangling(const std::string& row, const std::string& missing) {
  return FailedPrecondition(row + " names " + missing +
                            ", which is neither stored nor in this batch");
}

std::string Text(JobId job) {
  return "job " + std::to_string(job.value);
}

std::string Text(JobId job, AttemptNumber attempt) {
  return "attempt " + std::to_string(attempt) + " of " + Text(job);
}

}  // namespace

Status MemoryTables::Apply(const Changes& changes) {
  UndoLog undo;
  const auto apply = [&]() -> Status {
    for (const Change& change : changes) {
      TUTTI_RETURN_IF_ERROR(std::visit([&](const auto& row) { return Put(row, undo); }, change));
    }
    for (const Change& change : changes) {
      TUTTI_RETURN_IF_ERROR(
          std::visit([&](const auto& row) { return CheckReferences(row); }, change));
    }
    return {};
  };
  Status applied = apply();
  if (!applied.ok()) {
    for (const auto& step : std::views::reverse(undo)) step();
  }
  return applied;
}

Status MemoryTables::Put(const PutDataset& change, UndoLog& undo) {
  Set(datasets, change.row.name, change.row, undo);
  return {};
}

Status MemoryTables::Put(const RemoveDataset& change, UndoLog& undo) {
  Erase(datasets, change.name, undo);
  return {};
}

Status MemoryTables::Put(const PutSweep& change, UndoLog& undo) {
  const SweepRecord& row = change.row;
  const auto holder = sweep_ids.find(row.name);
  if (holder != sweep_ids.end() && holder->second != row.id) {
    return FailedPrecondition("sweep " + std::to_string(row.id.value) + ": the name \"" + row.name +
                              "\" is taken by sweep " + std::to_string(holder->second.value));
  }
  const auto before = sweeps.find(row.id);
  if (before != sweeps.end()) Erase(sweep_ids, before->second.name, undo);
  Set(sweep_ids, row.name, row.id, undo);
  Set(sweeps, row.id, row, undo);
  return {};
}

Status MemoryTables::Put(const PutFeatureSet& change, UndoLog& undo) {
  Set(feature_sets, change.row.id, change.row, undo);
  return {};
}

Status MemoryTables::Put(const PutJob& change, UndoLog& undo) {
  const JobRecord& row = change.row;
  const auto before = jobs.find(row.id);
  if (before != jobs.end() && before->second.kind == JobKind::kPreprocess) {
    Erase(shard_ids, before->second.key, undo);
  }
  if (row.kind == JobKind::kPreprocess) {
    const auto holder = shard_ids.find(row.key);
    if (holder != shard_ids.end()) {
      return FailedPrecondition(Text(row.id) + ": the key \"" + row.key + "\" is taken by " +
                                Text(holder->second));
    }
    Set(shard_ids, row.key, row.id, undo);
  }
  Set(jobs, row.id, row, undo);
  undo.push_back([this, before = last_job_id] { last_job_id = before; });
  last_job_id = std::max(last_job_id, row.id);
  return {};
}

Status MemoryTables::Put(const RemoveRun& change, UndoLog& undo) {
  const auto found = jobs.find(change.id);
  if (found == jobs.end()) {
    return FailedPrecondition("removal of a job: " + NoJob(change.id).message);
  }
  if (found->second.kind == JobKind::kPreprocess) {
    return FailedPrecondition("removal of " + Text(change.id) + ": a shard is everybody's");
  }
  std::vector<std::pair<AttemptId, std::int32_t>> points;
  std::vector<AttemptId> tries;
  for (auto it = epochs.lower_bound({{change.id, 0}, 0});
       it != epochs.end() && it->first.first.first == change.id; ++it) {
    points.push_back(it->first);
  }
  std::vector<std::pair<AttemptId, std::int64_t>> printed;
  for (auto it = logs.lower_bound({{change.id, 0}, 0});
       it != logs.end() && it->first.first.first == change.id; ++it) {
    printed.push_back(it->first);
  }
  for (auto it = attempts.lower_bound({change.id, 0});
       it != attempts.end() && it->first.first == change.id; ++it) {
    tries.push_back(it->first);
  }
  for (const auto& point : points) Erase(epochs, point, undo);
  for (const auto& lines : printed) Erase(logs, lines, undo);
  Erase(resumes, change.id, undo);
  for (const AttemptId& attempt : tries) Erase(attempts, attempt, undo);
  Erase(results, change.id, undo);
  Erase(jobs, change.id, undo);
  return {};
}

Status MemoryTables::Put(const UpdateJob& change, UndoLog& undo) {
  const auto found = jobs.find(change.id);
  if (found == jobs.end()) {
    return FailedPrecondition("update of a job: " + NoJob(change.id).message);
  }
  JobRecord row = found->second;
  row.phase = change.phase;
  row.last_attempt = change.last_attempt;
  row.worker = change.worker;
  row.failure = change.failure;
  row.message = change.message;
  row.tally = change.tally;
  row.ready_at = change.ready_at;
  Set(jobs, change.id, row, undo);
  return {};
}

Status MemoryTables::Put(const PutAttempt& change, UndoLog& undo) {
  Set(attempts, {change.row.job, change.row.attempt}, change.row, undo);
  return {};
}

Status MemoryTables::Put(const PutResult& change, UndoLog& undo) {
  Set(results, change.row.job, change.row, undo);
  return {};
}

Status MemoryTables::Put(const MarkArtifactRemoved& change, UndoLog& undo) {
  const auto found = results.find(change.job);
  if (found == results.end()) return {};
  ResultRecord row = found->second;
  for (ArtifactRecord& artifact : row.artifacts) {
    if (artifact.name == change.name) artifact.removed_at = change.at;
  }
  Set(results, change.job, std::move(row), undo);
  return {};
}

Status MemoryTables::Put(const PutEpoch& change, UndoLog& undo) {
  Set(epochs, {{change.row.job, change.row.attempt}, change.row.epoch}, change.row, undo);
  return {};
}

Status MemoryTables::Put(const PutLog& change, UndoLog& undo) {
  Set(logs, {{change.row.job, change.row.attempt}, change.row.first}, change.row, undo);
  return {};
}

Status MemoryTables::Put(const PutResume& change, UndoLog& undo) {
  Set(resumes, change.row.job, change.row, undo);
  return {};
}

Status MemoryTables::Put(const RemoveResume& change, UndoLog& undo) {
  Erase(resumes, change.job, undo);
  return {};
}

Status MemoryTables::Put(const PutUndecodable& change, UndoLog& undo) {
  Set(undecodable, {change.row.spec_hash, change.row.content_hash}, change.row, undo);
  return {};
}

Status MemoryTables::Put(const PutWorker& change, UndoLog& undo) {
  Set(workers, change.row.id, change.row, undo);
  return {};
}

Status MemoryTables::Put(const PutToken& change, UndoLog& undo) {
  Set(tokens, change.row.token_hash, change.row, undo);
  return {};
}

Status MemoryTables::Put(const RemoveToken& change, UndoLog& undo) {
  Erase(tokens, change.token_hash, undo);
  return {};
}

Status MemoryTables::Put(const AppendEvent& change, UndoLog& undo) {
  undo.push_back([this] { events.pop_back(); });
  events.push_back(change.row);
  events.back().number = std::ssize(events);
  return {};
}

Status MemoryTables::Put(const RememberRequest& change, UndoLog& undo) {
  std::set<std::pair<UnixMillis, std::string>> old;
  for (const auto& [id, request] : requests) {
    if (request.at < OldestRemembered(change.at)) old.insert({request.at, id});
  }
  for (const auto& [at, id] : old | std::views::take(kForgottenAtOnce)) Erase(requests, id, undo);
  Set(requests, change.request_id, change, undo);
  return {};
}

Status MemoryTables::CheckReferences(const PutFeatureSet& change) const {
  for (const JobId& job : feature_sets.at(change.row.id).shard_jobs) {
    if (jobs.contains(job)) continue;
    return Dangling("feature set " + std::to_string(change.row.id.value), Text(job));
  }
  return {};
}

Status MemoryTables::CheckReferences(const PutJob& change) const {
  if (!jobs.contains(change.row.id)) return {};
  const JobRecord& row = jobs.at(change.row.id);
  if (!sweeps.contains(row.sweep)) {
    return Dangling(Text(row.id), "sweep " + std::to_string(row.sweep.value));
  }
  if (row.feature_set.has_value() && !feature_sets.contains(*row.feature_set)) {
    return Dangling(Text(row.id), "feature set " + std::to_string(row.feature_set->value));
  }
  return {};
}

Status MemoryTables::CheckReferences(const RemoveRun& change) const {
  if (jobs.contains(change.id)) return {};
  for (const auto& [id, set] : feature_sets) {
    if (std::ranges::find(set.shard_jobs, change.id) == set.shard_jobs.end()) continue;
    return Dangling("feature set " + std::to_string(id.value), Text(change.id));
  }
  for (const auto& [key, row] : undecodable) {
    if (row.job == change.id) return Dangling("the verdict on " + key.second, Text(change.id));
  }
  return {};
}

Status MemoryTables::CheckReferences(const PutAttempt& change) const {
  if (!attempts.contains({change.row.job, change.row.attempt})) return {};
  if (jobs.contains(change.row.job)) return {};
  return Dangling(Text(change.row.job, change.row.attempt), Text(change.row.job));
}

Status MemoryTables::CheckReferences(const PutResult& change) const {
  if (!results.contains(change.row.job)) return {};
  const ResultRecord& row = results.at(change.row.job);
  if (attempts.contains({row.job, row.attempt})) return {};
  return Dangling("the result of " + Text(row.job), Text(row.job, row.attempt));
}

Status MemoryTables::CheckReferences(const PutEpoch& change) const {
  const EpochRecord& row = change.row;
  if (!epochs.contains({{row.job, row.attempt}, row.epoch})) return {};
  if (attempts.contains({row.job, row.attempt})) return {};
  return Dangling("epoch " + std::to_string(row.epoch), Text(row.job, row.attempt));
}

Status MemoryTables::CheckReferences(const PutLog& change) const {
  const LogRecord& row = change.row;
  if (!logs.contains({{row.job, row.attempt}, row.first})) return {};
  if (attempts.contains({row.job, row.attempt})) return {};
  return Dangling("log line " + std::to_string(row.first), Text(row.job, row.attempt));
}

Status MemoryTables::CheckReferences(const PutResume& change) const {
  if (!resumes.contains(change.row.job)) return {};
  const ResumeRecord& row = resumes.at(change.row.job);
  if (attempts.contains({row.job, row.attempt})) return {};
  return Dangling("the resume file of " + Text(row.job), Text(row.job, row.attempt));
}

Status MemoryTables::CheckReferences(const PutUndecodable& change) const {
  const UndecodableRecord& row = undecodable.at({change.row.spec_hash, change.row.content_hash});
  if (jobs.contains(row.job)) return {};
  return Dangling("the verdict on content " + row.content_hash, Text(row.job));
}

}  // namespace tutti
