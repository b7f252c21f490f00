#include "worker/models/dropout.h"

#include <algorithm>

#include "common/check.h"
#include "worker/models/philox.h"

namespace tutti {

void RecordedMasks::PlaceOn(const torch::Device& device) {
  values_ = torch::empty({size_}, torch::dtype(torch::kFloat32).device(device));
}

void DropoutStream::Draw(std::span<float> values, double p) {
  const auto kept = static_cast<float>(1.0 / (1.0 - p));
  // A word below the threshold is dropped: p of all 2^32 of them.
  const auto threshold = static_cast<std::uint64_t>(p * 4294967296.0);
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const PhiloxBlock block = Philox(seed_, drawn_, i / 4);
    for (std::size_t j = i; j < std::min(values.size(), i + 4); ++j) {
      values[j] = block[j - i] < threshold ? 0.0F : kept;
    }
  }
  ++drawn_;
}

torch::Tensor DropoutStream::Mask(torch::IntArrayRef shape, double p) {
  if (replayed_ != nullptr) {
    TUTTI_CHECK(next_ < replayed_->masks_.size(), "a step draws more masks than were recorded");
    const RecordedMasks::One& mask = replayed_->masks_[next_++];
    TUTTI_CHECK(mask.shape == shape.vec(), "a step draws other masks than were recorded");
    return replayed_->values_.narrow(0, mask.first, c10::multiply_integers(shape)).view(shape);
  }
  torch::Tensor mask = torch::empty(shape, torch::kFloat32);
  const std::span values(mask.data_ptr<float>(), static_cast<std::size_t>(mask.numel()));
  Draw(values, p);
  if (recording_ != nullptr) {
    recording_->masks_.push_back({shape.vec(), p, recording_->size_});
    recording_->size_ += mask.numel();
  }
  return mask;
}

void DropoutStream::BeginRecording(RecordedMasks& to) {
  to = RecordedMasks();
  recording_ = &to;
}

void DropoutStream::BeginReplaying(const RecordedMasks& masks) {
  replayed_ = &masks;
  next_ = 0;
}

void DropoutStream::FillRecorded(const RecordedMasks& masks, torch::Tensor& to) {
  TUTTI_CHECK(to.numel() == masks.size_, "room for other masks");
  for (const RecordedMasks::One& mask : masks.masks_) {
    const auto count = static_cast<std::size_t>(c10::multiply_integers(mask.shape));
    Draw(std::span(to.data_ptr<float>() + mask.first, count), mask.rate);
  }
}

torch::Tensor Dropout(const torch::Tensor& x, double p, DropoutStream& stream) {
  return x * stream.Mask(x.sizes(), p).to(x.options());
}

torch::Tensor DropoutChannels(const torch::Tensor& x, double p, DropoutStream& stream) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  shape[1] = x.size(1);
  return x * stream.Mask(shape, p).to(x.options());
}

}  // namespace tutti
