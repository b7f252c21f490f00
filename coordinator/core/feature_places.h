// Which worker has which shards on its disk, as far as is known: what it said when it connected,
// what it has made since, and what its runs have fetched. It may have let some go; a lease works
// all the same.
#pragma once

#include "coordinator/core/books.h"

namespace tutti {

bool HasShard(const Books& books, const Worker& worker, JobId shard_job);

// cached_blobs: hashes, in place of what was known.
void TakeCachedBlobs(const Books& books, Worker& worker,
                     const std::vector<std::string>& cached_blobs);
// The result of a preprocess job: its maker has the shard.
void NoteShard(Books& books, JobId shard_job, const ResultRecord& result, const WorkerId& worker);
// A run has started, so its worker has every shard that it reads.
void NoteFeaturesFetched(Books& books, const Job& run, const WorkerId& worker);

}  // namespace tutti
