#include "coordinator/core/verdicts.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/check.h"

namespace tutti {
namespace {

std::string TrackName(std::int64_t id, const Digest& content) {
  return "track " + std::to_string(id) + " (content " + ToHex(content).substr(0, 12) + "…)";
}

std::string WorkerName(const Books& books, const WorkerId& worker) {
  const auto found = books.workers.find(worker);
  const std::string name = found == books.workers.end() ? "" : found->second.record.name;
  return name.empty() ? worker.value : name + " (" + worker.value + ")";
}

// Rows of the shard that the result calls undecodable, or what is wrong with it.
struct Rows {
  std::set<std::size_t> undecodable;
  std::string wrong;
};

Rows RowsOf(const ShardTracks& shard, const AttemptFinished& result) {
  Rows rows;
  for (const TrackVerdict& verdict : result.track_errors) {
    const std::int64_t row = verdict.track_id - shard.first_track;
    if (row < 0 || row >= static_cast<std::int64_t>(shard.content.size())) {
      rows.wrong = "its result speaks of track " + std::to_string(verdict.track_id) +
                   ", which is not in this job";
      return rows;
    }
    const auto index = static_cast<std::size_t>(row);
    if (ToHex(shard.content[index]) != verdict.content_hash) {
      rows.wrong = "its result gives track " + std::to_string(verdict.track_id) +
                   " the content hash \"" + verdict.content_hash + "\"; expected " +
                   ToHex(shard.content[index]);
      return rows;
    }
    rows.undecodable.insert(index);
  }
  for (const std::size_t bad : rows.undecodable) {
    for (std::size_t row = 0; row < shard.content.size(); ++row) {
      if (shard.content[row] != shard.content[bad] || rows.undecodable.contains(row)) continue;
      rows.wrong = "its result calls track " +
                   std::to_string(shard.first_track + static_cast<std::int64_t>(bad)) +
                   " undecodable and track " +
                   std::to_string(shard.first_track + static_cast<std::int64_t>(row)) +
                   " not, and both have the same content";
      return rows;
    }
  }
  return rows;
}

// A preprocess job that decoded this content under this spec. Only asked about undecodable tracks,
// which are few, so that no index of the decodable ones is kept.
std::optional<JobId> DecodedBy(const Books& books, const Digest& spec, const Digest& content) {
  for (const auto& [id, shard] : books.shards) {
    if (shard.tracks.spec != spec) continue;
    if (job::PhaseOf(books.JobOf(id).state) != JobPhase::kSucceeded) continue;
    if (std::ranges::find(shard.tracks.content, content) != shard.tracks.content.end()) return id;
  }
  return std::nullopt;
}

}  // namespace

std::optional<BadResult> CheckShardResult(const Books& books, const Job& job,
                                          const AttemptFinished& result, const WorkerId& worker) {
  const ShardTracks& shard = books.shards.at(job.id).tracks;
  if (std::ranges::find(result.artifacts, "shard", &ArtifactRecord::name) ==
      result.artifacts.end()) {
    return BadResult{FailureClass::kCrashed, "its result has no artifact \"shard\""};
  }
  const Rows rows = RowsOf(shard, result);
  if (!rows.wrong.empty()) return BadResult{FailureClass::kCrashed, rows.wrong};
  for (std::size_t row = 0; row < shard.content.size(); ++row) {
    const Digest& content = shard.content[row];
    const bool undecodable = rows.undecodable.contains(row);
    const auto known = books.undecodable.find({shard.spec, content});
    std::optional<JobId> other;
    if (undecodable && known == books.undecodable.end()) {
      other = DecodedBy(books, shard.spec, content);
    } else if (!undecodable && known != books.undecodable.end()) {
      other = known->second;
    }
    if (!other) continue;
    const std::int64_t id = shard.first_track + static_cast<std::int64_t>(row);
    return BadResult{FailureClass::kBadData,
                     TrackName(id, content) + (undecodable ? " could not be decoded" : " decoded") +
                         " on worker " + WorkerName(books, worker) + ", but job " +
                         std::to_string(other->value) +
                         " found the opposite before; compare the "
                         "audio libraries of both machines, then retry"};
  }
  return std::nullopt;
}

void KeepVerdicts(Books& books, Batch& batch, const Job& job, const AttemptFinished& result) {
  const ShardTracks& shard = books.shards.at(job.id).tracks;
  for (const TrackVerdict& verdict : result.track_errors) {
    const auto content = DigestFromHex(verdict.content_hash);
    TUTTI_CHECK(content.has_value(), "a verdict that was not checked");
    const bool is_new =
        books.undecodable.emplace(TrackContent{shard.spec, *content}, job.id).second;
    if (!is_new) continue;
    batch.changes.push_back(
        PutUndecodable{{verdict.content_hash, ToHex(shard.spec), job.id, verdict.message}});
  }
}

}  // namespace tutti
