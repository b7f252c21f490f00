#include "coordinator/store/memory_store.h"

#include <algorithm>
#include <mutex>
#include <ranges>

#include "coordinator/core/time_model.h"
#include "coordinator/store/memory_reader.h"

namespace tutti {
namespace {

// In the map's order, which is that of the keys.
template <class Map>
std::vector<typename Map::mapped_type> Rows(const Map& map) {
  std::vector<typename Map::mapped_type> rows;
  for (const auto& [key, row] : map) rows.push_back(row);
  return rows;
}

bool MaySpeak(const MemoryTables& tables, const AttemptRecord& attempt) {
  using enum AttemptOutcome;
  if (attempt.outcome == kLeased || attempt.outcome == kRunning) return true;
  if (attempt.outcome != kLost) return false;
  const JobPhase phase = tables.jobs.at(attempt.job).phase;
  return phase != JobPhase::kSucceeded && phase != JobPhase::kCancelled;
}

std::vector<StoredPace> NewestPaces(const MemoryTables& tables) {
  std::vector<StoredPace> paces;
  std::int64_t looked_at = 0;
  for (const auto& [id, result] : std::views::reverse(tables.results)) {
    if (tables.jobs.at(id).kind != JobKind::kTrain) continue;
    if (++looked_at > kPacesLoaded) break;
    const double seconds = SecondsOfTraining(result.timings_seconds);
    const AttemptRecord& attempt = tables.attempts.at({id, result.attempt});
    if (seconds > 0) paces.push_back({id, attempt.worker, attempt.device, seconds});
  }
  std::ranges::reverse(paces);
  return paces;
}

}  // namespace

MemoryStore::MemoryStore() : shared_(std::make_shared<Shared>()) {}

MemoryStore::~MemoryStore() = default;

Status MemoryStore::Commit(const Changes& changes) {
  const std::unique_lock lock(shared_->mutex);
  return shared_->tables.Apply(changes);
}

Result<StoredState> MemoryStore::Load() {
  TUTTI_ASSIGN_OR_RETURN(const std::unique_ptr<StoreReader> reader, OpenReader());
  StoredState state;
  TUTTI_ASSIGN_OR_RETURN(state.workers, reader->Workers());
  TUTTI_ASSIGN_OR_RETURN(state.datasets, reader->Datasets());
  const std::shared_lock lock(shared_->mutex);
  const MemoryTables& tables = shared_->tables;
  state.sweeps = Rows(tables.sweeps);
  state.feature_sets = Rows(tables.feature_sets);
  state.jobs = Rows(tables.jobs);
  state.undecodable = Rows(tables.undecodable);
  for (const auto& [id, attempt] : tables.attempts) {
    if (MaySpeak(tables, attempt)) state.live_attempts.push_back(attempt);
  }
  for (const auto& [id, result] : tables.results) {
    if (tables.jobs.at(id).kind != JobKind::kPreprocess) continue;
    for (const ArtifactRecord& artifact : result.artifacts) {
      if (artifact.name == "shard") state.shards.push_back({id, artifact.blob_hash});
    }
  }
  state.paces = NewestPaces(tables);
  if (!state.sweeps.empty()) state.last_sweep_id = state.sweeps.back().id.value;
  if (!state.feature_sets.empty()) state.last_feature_set_id = state.feature_sets.back().id.value;
  state.last_job_id = tables.last_job_id.value;
  return state;
}

Result<std::unique_ptr<StoreReader>> MemoryStore::OpenReader() {
  return MakeMemoryReader(shared_);
}

}  // namespace tutti
