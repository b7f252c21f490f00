#include "coordinator/store/memory_reader.h"

#include <algorithm>
#include <limits>
#include <ranges>
#include <set>
#include <tuple>
#include <utility>

#include "coordinator/store/named_blobs.h"
#include "coordinator/store/not_found.h"

namespace tutti {
namespace {

constexpr AttemptNumber kFirstNumber = std::numeric_limits<AttemptNumber>::min();

bool IsRun(const JobRecord& job) {
  return job.kind != JobKind::kPreprocess;
}

bool Matches(const JobFilter& filter, const JobRecord& job) {
  return (!filter.sweep.has_value() || job.sweep == *filter.sweep) &&
         (!filter.kind.has_value() || job.kind == *filter.kind) &&
         (filter.phases.empty() ||
          std::ranges::find(filter.phases, job.phase) != filter.phases.end());
}

class MemoryReader final : public StoreReader {
 public:
  explicit MemoryReader(std::shared_ptr<MemoryStore::Shared> shared)
      : shared_(std::move(shared)), tables_(shared_->tables) {}

  Result<std::vector<DatasetRecord>> Datasets() override {
    return Select(tables_.datasets, [](const DatasetRecord&) { return true; });
  }
  Result<DatasetRecord> Dataset(std::string_view name) override {
    return Find(tables_.datasets, std::string(name), [&] { return NoDataset(name, *Datasets()); });
  }
  Result<std::vector<SweepRecord>> Sweeps() override {
    return Select(tables_.sweeps, [](const SweepRecord&) { return true; });
  }
  Result<SweepRecord> Sweep(std::string_view name) override {
    TUTTI_ASSIGN_OR_RETURN(const SweepId id, Find(tables_.sweep_ids, std::string(name),
                                                  [&] { return NoSweep(name, *Sweeps()); }));
    return Sweep(id);
  }
  Result<SweepRecord> Sweep(SweepId id) override {
    return Find(tables_.sweeps, id, [&] { return NoSweep(id); });
  }
  Result<std::vector<PhaseCount>> CountRuns(SweepId sweep) override;
  Result<FeatureSetRecord> FeatureSet(FeatureSetId id) override {
    return Find(tables_.feature_sets, id, [&] { return NoFeatureSet(id); });
  }
  Result<std::vector<FeatureSetRecord>> FeatureSetsOf(SweepId sweep) override;
  Result<std::vector<JobRecord>> Jobs(const JobFilter& filter) override;
  Result<JobRecord> Job(JobId id) override {
    return Find(tables_.jobs, id, [&] { return NoJob(id); });
  }
  Result<std::vector<AttemptRecord>> Attempts(JobId job) override {
    return Select(tables_.attempts, [&](const AttemptRecord& row) { return row.job == job; });
  }
  Result<ResultRecord> ResultOf(JobId job) override {
    return Find(tables_.results, job, [&] { return NoResult(job); });
  }
  Result<std::vector<ResultRecord>> ResultsOf(SweepId sweep) override;
  Result<std::vector<EpochRecord>> Epochs(JobId job, AttemptNumber attempt) override {
    return Select(tables_.epochs,
                  [&](const EpochRecord& row) { return row.job == job && row.attempt == attempt; });
  }
  Result<std::optional<EpochRecord>> LastEpoch(JobId job) override;
  Result<std::optional<ResumeRecord>> Resume(JobId job) override {
    const auto found = tables_.resumes.find(job);
    if (found == tables_.resumes.end()) return std::optional<ResumeRecord>();
    return std::optional<ResumeRecord>(found->second);
  }
  Result<std::vector<LogRecord>> Log(JobId job, AttemptNumber attempt, std::int64_t after,
                                     std::int64_t limit) override;
  Result<std::vector<UndecodableRecord>> Undecodable(std::string_view spec_hash) override {
    return Select(tables_.undecodable,
                  [&](const UndecodableRecord& row) { return row.spec_hash == spec_hash; });
  }
  Result<std::vector<WorkerRecord>> Workers() override;
  Result<TokenRecord> Token(std::string_view token_hash) override {
    return Find(tables_.tokens, std::string(token_hash), [] { return NoToken(); });
  }
  Result<std::vector<TokenRecord>> Tokens() override;
  Result<std::vector<EventRecord>> Events(std::int64_t after, std::int64_t limit) override;
  Result<std::optional<std::string>> RememberedReply(std::string_view request_id) override;
  Result<std::optional<tutti::RemovedArtifact>> RemovedArtifact(
      std::string_view blob_hash) override;
  Result<tutti::NamedBlobs> NamedBlobs() override;

 private:
  // In the order of the map's keys.
  template <class Map, class Wanted>
  std::vector<typename Map::mapped_type> Select(const Map& map, Wanted wanted) {
    const std::shared_lock lock(shared_->mutex);
    std::vector<typename Map::mapped_type> rows;
    for (const auto& [key, row] : map) {
      if (wanted(row)) rows.push_back(row);
    }
    return rows;
  }
  template <class Map, class Missing>
  Result<typename Map::mapped_type> Find(const Map& map, const typename Map::key_type& key,
                                         Missing missing) {
    const std::shared_lock lock(shared_->mutex);
    const auto found = map.find(key);
    if (found == map.end()) return missing();
    return found->second;
  }

  std::shared_ptr<MemoryStore::Shared> shared_;
  const MemoryTables& tables_;
};

Result<std::vector<PhaseCount>> MemoryReader::CountRuns(SweepId sweep) {
  std::map<JobPhase, std::int64_t> counts;
  for (const JobRecord& job : Select(
           tables_.jobs, [&](const JobRecord& row) { return row.sweep == sweep && IsRun(row); })) {
    ++counts[job.phase];
  }
  std::vector<PhaseCount> result;
  for (const auto& [phase, jobs] : counts) result.push_back({phase, jobs});
  return result;
}

Result<std::vector<FeatureSetRecord>> MemoryReader::FeatureSetsOf(SweepId sweep) {
  std::set<FeatureSetId> wanted;
  for (const JobRecord& job :
       Select(tables_.jobs, [&](const JobRecord& row) { return row.sweep == sweep; })) {
    if (job.feature_set.has_value()) wanted.insert(*job.feature_set);
  }
  return Select(tables_.feature_sets,
                [&](const FeatureSetRecord& row) { return wanted.contains(row.id); });
}

Result<std::vector<JobRecord>> MemoryReader::Jobs(const JobFilter& filter) {
  const std::shared_lock lock(shared_->mutex);
  std::vector<JobRecord> rows;
  for (auto next = tables_.jobs.upper_bound(filter.after); next != tables_.jobs.end(); ++next) {
    if (std::ssize(rows) >= filter.limit) break;
    if (Matches(filter, next->second)) rows.push_back(next->second);
  }
  return rows;
}

Result<std::vector<ResultRecord>> MemoryReader::ResultsOf(SweepId sweep) {
  std::vector<ResultRecord> rows = Select(tables_.results, [&](const ResultRecord& row) {
    const JobRecord& job = tables_.jobs.at(row.job);
    return job.sweep == sweep && IsRun(job);
  });
  for (ResultRecord& row : rows) row.predictions.clear();
  return rows;
}

Result<std::vector<LogRecord>> MemoryReader::Log(JobId job, AttemptNumber attempt,
                                                 std::int64_t after, std::int64_t limit) {
  std::vector<LogRecord> rows;
  for (auto it = tables_.logs.lower_bound({{job, attempt}, 0});
       it != tables_.logs.end() && it->first.first == std::pair(job, attempt); ++it) {
    const LogRecord& row = it->second;
    if (static_cast<std::int64_t>(rows.size()) >= limit) break;
    if (row.first + static_cast<std::int64_t>(row.lines.size()) - 1 > after) rows.push_back(row);
  }
  return rows;
}

Result<std::optional<EpochRecord>> MemoryReader::LastEpoch(JobId job) {
  const std::shared_lock lock(shared_->mutex);
  const MemoryTables::AttemptId first_of_next = {JobId{job.value + 1}, kFirstNumber};
  const auto end = tables_.epochs.lower_bound({first_of_next, kFirstNumber});
  if (end == tables_.epochs.begin()) return std::optional<EpochRecord>();
  const EpochRecord& last = std::prev(end)->second;
  if (last.job != job) return std::optional<EpochRecord>();
  return std::optional<EpochRecord>(last);
}

Result<std::vector<WorkerRecord>> MemoryReader::Workers() {
  std::vector<WorkerRecord> rows =
      Select(tables_.workers, [](const WorkerRecord&) { return true; });
  std::ranges::stable_sort(rows, {}, &WorkerRecord::name);
  return rows;
}

Result<std::vector<TokenRecord>> MemoryReader::Tokens() {
  std::vector<TokenRecord> rows = Select(tables_.tokens, [](const TokenRecord&) { return true; });
  std::ranges::stable_sort(rows, {}, &TokenRecord::name);
  return rows;
}

Result<std::vector<EventRecord>> MemoryReader::Events(std::int64_t after, std::int64_t limit) {
  const std::shared_lock lock(shared_->mutex);
  std::vector<EventRecord> rows;
  for (const EventRecord& event : tables_.events) {
    if (std::ssize(rows) >= limit) break;
    if (event.number > after) rows.push_back(event);
  }
  return rows;
}

Result<std::optional<std::string>> MemoryReader::RememberedReply(std::string_view request_id) {
  const std::shared_lock lock(shared_->mutex);
  const auto found = tables_.requests.find(std::string(request_id));
  if (found == tables_.requests.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second.reply);
}

Result<std::optional<tutti::RemovedArtifact>> MemoryReader::RemovedArtifact(
    std::string_view blob_hash) {
  const std::shared_lock lock(shared_->mutex);
  for (const auto& [job, result] : tables_.results) {
    for (const ArtifactRecord& artifact : result.artifacts) {
      if (artifact.blob_hash != blob_hash || artifact.removed_at == UnixMillis{}) continue;
      return std::optional(tutti::RemovedArtifact{job, artifact.name, artifact.removed_at});
    }
  }
  return std::optional<tutti::RemovedArtifact>();
}

Result<tutti::NamedBlobs> MemoryReader::NamedBlobs() {
  const std::shared_lock lock(shared_->mutex);
  NamedBlobsCollector named;
  for (const auto& [job, result] : tables_.results) {
    for (const ArtifactRecord& artifact : result.artifacts) {
      if (artifact.removed_at != UnixMillis{}) continue;
      TUTTI_RETURN_IF_ERROR(named.AddBlob(artifact.blob_hash, "result_artifact"));
    }
  }
  for (const auto& [job, resume] : tables_.resumes) {
    TUTTI_RETURN_IF_ERROR(named.AddBlob(resume.blob_hash, "resume"));
  }
  for (const auto& [name, dataset] : tables_.datasets) {
    TUTTI_RETURN_IF_ERROR(named.AddVersion(dataset.version, "dataset"));
  }
  std::set<SweepId> with_shards_to_make;
  for (const auto& [id, job] : tables_.jobs) {
    const bool waits = job.kind == JobKind::kPreprocess && job.phase != JobPhase::kSucceeded;
    if (waits) with_shards_to_make.insert(job.sweep);
  }
  for (const auto& [id, sweep] : tables_.sweeps) {
    TUTTI_RETURN_IF_ERROR(named.AddSweep(sweep, with_shards_to_make.contains(id)));
  }
  return named.Take();
}

}  // namespace

std::unique_ptr<StoreReader> MakeMemoryReader(std::shared_ptr<MemoryStore::Shared> shared) {
  return std::make_unique<MemoryReader>(std::move(shared));
}

}  // namespace tutti
