#include "worker/trainer/device_features.h"

#include <algorithm>

namespace tutti {

DeviceFeatures::DeviceFeatures(const Features& features, const TrainJob& job, const SliceGrid& grid,
                               const torch::Device& device)
    : values_(torch::empty({std::ssize(job.tracks), features.n_mels(), features.frames()},
                           torch::dtype(torch::kFloat32).device(device))),
      mels_(torch::arange(features.n_mels(), torch::dtype(torch::kInt64).device(device))
                .view({1, -1, 1})),
      frames_(
          torch::arange(grid.frames, torch::dtype(torch::kInt64).device(device)).view({1, -1})) {
  for (std::size_t i = 0; i < job.tracks.size(); ++i) {
    const auto track = features.Of(i);
    torch::Tensor staged = torch::empty({features.n_mels(), features.frames()}, torch::kFloat32);
    std::ranges::copy(track, staged.data_ptr<float>());
    values_[static_cast<std::int64_t>(i)].copy_(staged);
  }
}

torch::Tensor DeviceFeatures::Gather(const torch::Tensor& places) const {
  const torch::Tensor tracks = places[0].view({-1, 1, 1});
  const torch::Tensor frames = (places[1].unsqueeze(1) + frames_).unsqueeze(1);
  return values_.index({tracks, mels_, frames});
}

Batch DeviceFeatures::Cut(std::span<const Slice> slices, const TrainJob& job) const {
  const torch::Tensor places = PlacesOf(slices, job).to(values_.device());
  return {Gather(places), places[2]};
}

void PlacesOf(std::span<const Slice> batch, const TrainJob& job, torch::Tensor& to) {
  auto* tracks = to.data_ptr<std::int64_t>();
  auto* starts = tracks + to.size(1);
  auto* labels = starts + to.size(1);
  for (const Slice& slice : batch) {
    *tracks++ = static_cast<std::int64_t>(slice.track);
    *starts++ = slice.start;
    *labels++ = job.tracks[slice.track].label;
  }
}

torch::Tensor PlacesOf(std::span<const Slice> batch, const TrainJob& job) {
  torch::Tensor places = torch::empty({3, std::ssize(batch)}, torch::kInt64);
  PlacesOf(batch, job, places);
  return places;
}

}  // namespace tutti
