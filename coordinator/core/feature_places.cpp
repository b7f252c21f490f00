#include "coordinator/core/feature_places.h"

#include <algorithm>

namespace tutti {
namespace {

void Add(const Books& books, Worker& worker, JobId shard_job) {
  for (const FeatureSetId set : books.shards.at(shard_job).sets) {
    worker.cached[set].insert(shard_job);
  }
}

}  // namespace

bool HasShard(const Books& books, const Worker& worker, JobId shard_job) {
  return std::ranges::any_of(books.shards.at(shard_job).sets, [&](FeatureSetId set) {
    const auto cached = worker.cached.find(set);
    return cached != worker.cached.end() && cached->second.contains(shard_job);
  });
}

void TakeCachedBlobs(const Books& books, Worker& worker,
                     const std::vector<std::string>& cached_blobs) {
  worker.cached.clear();
  for (const std::string& hash : cached_blobs) {
    const auto digest = DigestFromHex(hash);
    if (!digest) continue;
    const auto shard = books.shard_by_blob.find(*digest);
    if (shard != books.shard_by_blob.end()) Add(books, worker, shard->second);
  }
}

void NoteShard(Books& books, JobId shard_job, const ResultRecord& result, const WorkerId& worker) {
  const auto shard = std::ranges::find(result.artifacts, "shard", &ArtifactRecord::name);
  if (shard == result.artifacts.end()) return;
  if (const auto digest = DigestFromHex(shard->blob_hash)) {
    books.shard_by_blob.insert_or_assign(*digest, shard_job);
  }
  Add(books, books.workers.at(worker), shard_job);
}

void NoteFeaturesFetched(Books& books, const Job& run, const WorkerId& worker) {
  if (run.feature_set == FeatureSetId{}) return;
  const FeatureSet& set = books.feature_sets.at(run.feature_set);
  Worker& place = books.workers.at(worker);
  if (place.cached[run.feature_set].size() == set.shard_count) return;
  for (const JobId shard_job : set.record.shard_jobs) Add(books, place, shard_job);
}

}  // namespace tutti
