// Who relies on which blob, and the removal of what nobody relies on.
//
// A blob that no row names is garbage, unless somebody was told that it is there and is about to
// name it. Two kinds of promises keep such a blob:
//   a pin   time-limited: made whenever a client or a worker is told that the blob is there; one
//           made for a worker lasts at least until the attempts that ran there have ended
//   a hold  made around one commit: whoever writes a row that names blobs takes a hold on them,
//           looks then that they are there, commits, and lets the hold go
//
// Why no blob is removed that a later commit names: let a row that names B be committed at time c
// by somebody who held B from h < c to r > c and found it there after h. A removal at time x looks
// for holds and removes under one lock. x < h: the look after h finds nothing, and the row is not
// written. h <= x <= r: it is held. x > r: the collection has read the rows at some time s, after
// it began at b < s. If s >= c it has seen the row (or a later state without it). If s < c, then
// b < r: the hold was let go during this collection, which marks B, and a marked blob stays until
// the next collection.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"
#include "coordinator/blobs/blob_parts.h"
#include "coordinator/blobs/blob_store.h"

namespace tutti {

struct BlobKeeperOptions {
  // How long a blob that was uploaded, or asked for and there, waits to be named.
  std::chrono::milliseconds pin = std::chrono::hours(24);
  // How long at least a blob stays after a collection has found it without a name: after a start
  // of the coordinator its workers come back with what they have finished in between.
  std::chrono::milliseconds settle = std::chrono::minutes(10);
};

// Attempts that run, by worker.
using LiveAttempts = std::map<WorkerId, std::set<std::pair<JobId, AttemptNumber>>>;

class BlobKeeper;

// Blobs that stay while it lives.
class BlobHold {
 public:
  BlobHold(BlobHold&& other) noexcept;
  BlobHold& operator=(BlobHold&&) = delete;
  ~BlobHold();

  // Those of the hashes that are not there.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  friend class BlobKeeper;
  BlobHold(BlobKeeper& keeper, std::vector<std::string> hashes)
      : keeper_(&keeper), hashes_(std::move(hashes)) {}

  BlobKeeper* keeper_;  // null: moved away
  std::vector<std::string> hashes_;
  std::vector<std::string> missing_;
};

// Thread-safe. Must outlive its holds. A method that takes a hash: kInvalidArgument where it is
// none.
class BlobKeeper {
 public:
  // blobs and clock must outlive it.
  BlobKeeper(BlobStore& blobs, const Clock& clock, const BlobKeeperOptions& options);

  // Call before somebody is told that the blob is there. True: it is.
  Result<bool> Pin(std::string_view hash, const std::optional<WorkerId>& worker);
  // Call before rows that name the blobs are written, and let it go after the commit.
  Result<BlobHold> Hold(std::vector<std::string> hashes);
  // Of uploads that broke off; collections remove old ones.
  BlobParts& parts() { return parts_; }

  // ---- The collector's side; one collection at a time.
  // Call before the rows are read. live: nothing where it is not known.
  void BeginCollection(const std::optional<LiveAttempts>& live);
  // For a blob that no row names which was read since. True: it is removed.
  Result<bool> RemoveUnnamed(std::string_view hash);

 private:
  friend class BlobHold;

  // Of a worker that was told. What ran there is looked up once, when a collection begins whose
  // knowledge of it is younger than the pin: that is not yet the first.
  struct WorkerPin {
    bool is_older = false;
    std::optional<std::set<std::pair<JobId, AttemptNumber>>> attempts;
  };
  struct Entry {
    int holds = 0;
    SteadyTime pinned_until{};
    std::map<WorkerId, WorkerPin> workers;
    std::uint64_t marked_in = 0;   // the collection during which a hold was let go
    std::uint64_t unnamed_in = 0;  // the last collection that found it without a name
  };

  void Release(const std::vector<std::string>& hashes);
  // Forgets workers whose attempts have ended.
  static void UpdateWorkers(Entry& entry, const LiveAttempts& live);
  bool IsKept(const Entry& entry, SteadyTime now) const;
  // Under the lock: no name any more, or an empty path where it is kept.
  Result<std::filesystem::path> RetireUnnamed(std::string_view hash);
  // Of a blob that this process has not heard of: the rest of a pin from when it was written.
  Result<SteadyTime> FirstPin(std::string_view hash, SteadyTime now) const;

  BlobStore& blobs_;
  const Clock& clock_;
  const BlobKeeperOptions options_;
  BlobParts parts_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::uint64_t collection_ = 0;  // its number
};

}  // namespace tutti
