// From "this worker may run that attempt" to the message that tells it everything it needs.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "common/split_kinds.h"
#include "coordinator/core/core.h"
#include "coordinator/rpc/manifest_cache.h"
#include "coordinator/store/store.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// The tracks of a complete feature set, each with its place in the shards: what its runs are
// trained on. Fixed from the moment in which the last shard is there.
struct FeatureTracks {
  struct Track {
    std::int64_t id = 0;  // index in the manifest
    std::int32_t shard = 0;
    std::int32_t row = 0;
  };
  std::vector<Track> tracks;           // in manifest order, without the undecodable ones
  std::vector<ArtifactRecord> shards;  // in block order
  std::string spec_json_with_hash;
  std::shared_ptr<const Manifest> manifest;
};

// What the leases of one batch share of their sweeps, so that a sweep's long text is read once a
// batch. Not thread-safe.
struct SweepOfLeases {
  SweepRecord record;
  std::string keep_weights;
};
using SweepsOfLeases = std::map<SweepId, SweepOfLeases>;

// What it means for a job that its lease could not be built. kPreempted: nothing, for now the
// coordinator cannot read what it needs (all readers busy, a disk that fails); it is tried again.
FailureClass FailureOfLease(const Error& error);

// What makes a run's split; whatever it is, its splits are checked (CheckSides).
using SplitMaker = std::function<Result<Split>(std::span<const SplitTrack>, const SplitOptions&)>;

// Thread-safe.
class LeaseBuilder {
 public:
  explicit LeaseBuilder(ManifestCache& manifests, SplitMaker make_split = MakeSplit)
      : manifests_(manifests), make_split_(std::move(make_split)) {}

  // kInvalidArgument: the configuration cannot be run on these tracks (too few songs of a class, an
  // unknown class). kDataLoss: rows or blobs that should be there are not; a song, or what must not
  // be parted, is on two sides of the split.
  // sweeps: of the same batch, of the same reader; what is missing in it is added.
  Result<v1::Lease> Build(const Grant& grant, StoreReader& reader, SweepsOfLeases& sweeps);

 private:
  static constexpr std::size_t kCapacity = 8;

  Result<std::shared_ptr<const FeatureTracks>> TracksOf(FeatureSetId id, StoreReader& reader);
  Status AddFeatures(const JobRecord& job, const Json& config, const SweepRecord& sweep,
                     StoreReader& reader, v1::Lease& lease);
  Status AddPreprocessing(const JobRecord& job, const SweepRecord& sweep, v1::Lease& lease);

  ManifestCache& manifests_;
  const SplitMaker make_split_;
  std::mutex mutex_;
  std::list<std::pair<FeatureSetId, std::shared_ptr<const FeatureTracks>>> newest_first_;
};

}  // namespace tutti
