// Dropout whose masks depend on seed and step alone: torch's own come from MKL on some processors
// and not on others.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <torch/torch.h>

namespace tutti {

// The masks of one kind of step, which are the same in number, shape and rate each time: a place on
// a device for each, so that a captured step finds its numbers where they were.
class RecordedMasks {
 public:
  // Numbers in all.
  std::int64_t size() const { return size_; }
  // Gives each its place.
  void PlaceOn(const torch::Device& device);
  // numbers: [size()] float32, pinned for a copy that does not wait.
  void CopyFrom(const torch::Tensor& numbers) { values_.copy_(numbers, /*non_blocking=*/true); }

 private:
  friend class DropoutStream;
  struct One {
    std::vector<std::int64_t> shape;
    double rate = 0;
    std::int64_t first = 0;  // in values_
  };
  std::vector<One> masks_;
  std::int64_t size_ = 0;
  torch::Tensor values_;  // [size_]
};

// Where the masks of one training come from. Owned by the training's thread.
class DropoutStream {
 public:
  explicit DropoutStream(std::uint64_t seed) : seed_(seed) {}

  // 1 / (1 - p) with probability 1 - p, else 0; float32 on the CPU (in a replay: where the step's
  // masks are). Each call draws new numbers. 0 <= p < 1.
  torch::Tensor Mask(torch::IntArrayRef shape, double p);

  // Between these, masks are drawn as always, and to holds what they are like.
  void BeginRecording(RecordedMasks& to);
  void EndRecording() { recording_ = nullptr; }
  // Between these, Mask gives the places of a recorded step's masks in their order, and draws
  // nothing. masks: recorded and placed.
  void BeginReplaying(const RecordedMasks& masks);
  void EndReplaying() { replayed_ = nullptr; }
  // Draws the next step's masks: the numbers that as many calls of Mask would give. to: [size()]
  // float32 on the CPU.
  void FillRecorded(const RecordedMasks& masks, torch::Tensor& to);

  // How many masks were drawn: with the seed, the whole state.
  std::uint64_t drawn() const { return drawn_; }
  void SkipTo(std::uint64_t drawn) { drawn_ = drawn; }

 private:
  void Draw(std::span<float> values, double p);

  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
  RecordedMasks* recording_ = nullptr;
  const RecordedMasks* replayed_ = nullptr;
  std::size_t next_ = 0;  // of the replayed ones
};

// x with elements dropped, scaled so that the mean stays.
torch::Tensor Dropout(const torch::Tensor& x, double p, DropoutStream& stream);
// x [batch, channels, …] with whole channels dropped.
torch::Tensor DropoutChannels(const torch::Tensor& x, double p, DropoutStream& stream);

}  // namespace tutti
