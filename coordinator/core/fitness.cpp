#include "coordinator/core/fitness.h"

#include <algorithm>
#include <utility>

namespace tutti {
namespace {

bool UsesGpu(const Job& job, const Worker& worker) {
  return job.kind != JobKind::kPreprocess && !worker.gpu_health.empty();
}

bool HasGpuFor(const Job& job, const Worker& worker) {
  return !job.needs_gpu || !worker.gpu_health.empty();
}

// How a worker's GPUs stand.
struct Gpus {
  std::vector<std::string> not_trusted;
  std::string free_for_trial;       // on trial, and nothing runs there; empty: none
  std::int64_t runs_elsewhere = 0;  // live runs, apart from those on GPUs that are not trusted
};

Gpus GpusOf(const Books& books, const Worker& worker, SteadyTime now) {
  Gpus gpus;
  std::set<std::string> busy;
  for (const AttemptKey& key : worker.live) {
    if (books.JobOf(key.job).kind == JobKind::kPreprocess) continue;
    const std::string& device = books.attempts.at(key).row.device;
    busy.insert(device);
    const auto health = worker.gpu_health.find(device);
    const bool trusted =
        health == worker.gpu_health.end() || StandingOf(health->second, now) == Standing::kTrusted;
    gpus.runs_elsewhere += trusted;
  }
  for (const auto& [device, health] : worker.gpu_health) {
    const Standing standing = StandingOf(health, now);
    if (standing == Standing::kTrusted) continue;
    gpus.not_trusted.push_back(device);
    const bool can_try = standing == Standing::kOnTrial && !busy.contains(device);
    if (can_try && gpus.free_for_trial.empty()) gpus.free_for_trial = device;
  }
  return gpus;
}

// The slots are shared out over the GPUs, so those that are left take their part.
bool HasRoomOnTrusted(const Worker& worker, const Gpus& gpus) {
  const auto all = static_cast<std::int64_t>(worker.gpu_health.size());
  const std::int64_t trusted = all - static_cast<std::int64_t>(gpus.not_trusted.size());
  if (trusted == 0) return false;
  return gpus.runs_elsewhere < std::max<std::int64_t>(1, worker.record.slots * trusted / all);
}

bool HasRoomOnGpus(const Worker& worker, const Gpus& gpus) {
  return gpus.not_trusted.empty() || !gpus.free_for_trial.empty() || HasRoomOnTrusted(worker, gpus);
}

// Could do it now or soon.
bool IsUsable(const Books& books, const Job& job, const Worker& worker, SteadyTime now) {
  const Obstacle obstacle = ObstacleOf(worker, now);
  if (obstacle != Obstacle::kNone && obstacle != Obstacle::kNoFreeSlot) return false;
  const std::string& root = DataRootOf(books, job);
  return worker.offers[IndexOf(job.kind)] && (root.empty() || worker.data_roots.contains(root)) &&
         HasGpuFor(job, worker);
}

bool AnotherTakesIt(const Books& books, const Job& job, const Worker& worker, SteadyTime now) {
  const auto found = books.retry_places.find(job.id);
  if (found == books.retry_places.end() || now >= found->second.until) return false;
  const RetryPlace& place = found->second;
  if (place.kind == RetryPlace::Kind::kThereFirst) {
    if (place.worker == worker.record.id) return false;
    const auto there = books.workers.find(place.worker);
    return there != books.workers.end() && IsUsable(books, job, there->second, now);
  }
  if (place.worker != worker.record.id) return false;
  return std::ranges::any_of(books.workers, [&](const auto& entry) {
    return entry.first != worker.record.id && IsUsable(books, job, entry.second, now);
  });
}

}  // namespace

Obstacle ObstacleOf(const Worker& worker, SteadyTime now) {
  if (!worker.connected) return Obstacle::kAway;
  if (worker.record.drained) return Obstacle::kDrained;
  if (worker.draining) return Obstacle::kEnding;
  const Standing standing = StandingOf(worker.health, now);
  if (standing == Standing::kSetAside) return Obstacle::kSetAside;
  if (standing == Standing::kOnTrial && !worker.live.empty()) return Obstacle::kOnTrial;
  if (worker.AvailableSlots() <= 0) return Obstacle::kNoFreeSlot;
  return Obstacle::kNone;
}

Obstacle ObstacleFor(const Books& books, const Job& job, const Worker& worker, SteadyTime now) {
  const Obstacle obstacle = ObstacleOf(worker, now);
  if (obstacle == Obstacle::kAway) return obstacle;
  if (!worker.offers[IndexOf(job.kind)]) return Obstacle::kKind;
  const std::string& root = DataRootOf(books, job);
  if (!root.empty() && !worker.data_roots.contains(root)) return Obstacle::kDataRoot;
  if (!HasGpuFor(job, worker)) return Obstacle::kNoGpu;
  if (obstacle != Obstacle::kNone && obstacle != Obstacle::kNoFreeSlot) return obstacle;
  if (UsesGpu(job, worker) && !HasRoomOnGpus(worker, GpusOf(books, worker, now))) {
    return Obstacle::kGpusSetAside;
  }
  if (AnotherTakesIt(books, job, worker, now)) return Obstacle::kElsewhereFirst;
  return obstacle;
}

bool NeedsGpu(const Json& config) {
  const auto precision = config.find("precision");
  return precision != config.end() && (*precision == "tf32" || *precision == "bf16");
}

const std::string& DataRootOf(const Books& books, const Job& job) {
  static const std::string kNone;
  if (job.kind != JobKind::kPreprocess) return kNone;
  return books.shards.at(job.id).tracks.in_place_root;
}

DevicePlace PlaceOn(const Books& books, const Job& job, const Worker& worker, SteadyTime now) {
  if (!UsesGpu(job, worker)) return {};
  Gpus gpus = GpusOf(books, worker, now);
  if (!gpus.free_for_trial.empty()) return {gpus.free_for_trial, {}};
  return {"", std::move(gpus.not_trusted)};
}

bool HoldsFeatures(const Books& books, const Job& job, const Worker& worker) {
  if (job.feature_set == FeatureSetId{}) return false;
  const auto cached = worker.cached.find(job.feature_set);
  return cached != worker.cached.end() &&
         cached->second.size() == books.feature_sets.at(job.feature_set).shard_count;
}

}  // namespace tutti
