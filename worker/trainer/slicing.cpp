#include "worker/trainer/slicing.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "worker/models/philox.h"

namespace tutti {
namespace {

// Keeps the shuffle's numbers apart from the dropout's, which have the same seed.
constexpr std::uint64_t kShuffleStream = std::uint64_t{1} << 63;

}  // namespace

Result<SliceGrid> MakeSliceGrid(const FeatureSpec& spec, double slice_seconds, double overlap) {
  SliceGrid grid;
  grid.frames = SliceFrames(spec, slice_seconds);
  grid.stride = static_cast<std::int64_t>(static_cast<double>(grid.frames) * (1.0 - overlap));
  const std::int64_t frames = ClipFrames(spec);
  if (grid.frames < 1 || grid.frames > frames) {
    return InvalidArgument("slice_seconds: " + std::to_string(grid.frames) +
                           " frames, the clip has " + std::to_string(frames));
  }
  if (grid.stride < 1) {
    return InvalidArgument("training.overlap: leaves no stride for slices of " +
                           std::to_string(grid.frames) + " frames");
  }
  grid.per_track = (frames - grid.frames) / grid.stride + 1;
  return grid;
}

std::vector<Slice> SlicesOf(std::span<const std::size_t> tracks, const SliceGrid& grid) {
  std::vector<Slice> slices;
  slices.reserve(tracks.size() * static_cast<std::size_t>(grid.per_track));
  for (const std::size_t track : tracks) {
    for (std::int64_t i = 0; i < grid.per_track; ++i) slices.push_back({track, i * grid.stride});
  }
  return slices;
}

Batch GatherBatch(std::span<const Slice> slices, const SliceGrid& grid, const Features& features,
                  const TrainJob& job) {
  const auto n = static_cast<std::int64_t>(slices.size());
  Batch batch{torch::empty({n, features.n_mels(), grid.frames}, torch::kFloat32),
              torch::empty({n}, torch::kInt64)};
  auto* to = batch.slices.data_ptr<float>();
  auto* labels = batch.labels.data_ptr<std::int64_t>();
  const auto width = static_cast<std::size_t>(grid.frames);
  for (const Slice& slice : slices) {
    const float* from = features.Of(slice.track).data() + slice.start;
    for (std::int64_t mel = 0; mel < features.n_mels(); ++mel) {
      std::memcpy(to, from + mel * features.frames(), width * sizeof(float));
      to += width;
    }
    *labels++ = job.tracks[slice.track].label;
  }
  return batch;
}

std::vector<std::size_t> ShuffledOrder(std::size_t n, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  const std::uint64_t stream = kShuffleStream | static_cast<std::uint64_t>(epoch);
  for (std::size_t i = n; i-- > 1;) {
    const PhiloxBlock block = Philox(seed, stream, i);
    const std::uint64_t word = std::uint64_t{block[0]} << 32 | block[1];
    // The bias of a 64-bit remainder is below 1 in 10^12 for any list that fits into memory.
    std::swap(order[i], order[word % (i + 1)]);
  }
  return order;
}

std::vector<std::size_t> BatchEnds(std::size_t n, std::size_t batch_size) {
  std::vector<std::size_t> ends;
  for (std::size_t end = batch_size; end < n; end += batch_size) ends.push_back(end);
  if (!ends.empty() && n - ends.back() == 1) ends.pop_back();
  if (n > 0) ends.push_back(n);
  return ends;
}

}  // namespace tutti
