#include "worker/trainer/graph_step.h"

#include <map>
#include <utility>

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAStream.h>

namespace tutti {
namespace {

// Libraries choose algorithms and take their workspaces in the first steps, which a capture cannot
// hold; and what is run once or twice is not worth one.
constexpr int kPlainSteps = 3;

torch::Tensor Pinned(torch::IntArrayRef shape, torch::Dtype type) {
  return torch::empty(shape, torch::dtype(type).pinned_memory(true));
}

// Steps of one size of batch.
struct Captured {
  int plain_steps = 0;
  torch::Tensor places;  // DeviceFeatures::Gather's
  RecordedMasks masks;
  std::unique_ptr<at::cuda::CUDAGraph> graph;
};

class GraphStep final : public TrainStep {
 public:
  explicit GraphStep(const StepSubjects& subjects)
      : subjects_(subjects), sums_(subjects.device), pool_(at::cuda::graph_pool_handle()) {}

  void Run(std::span<const Slice> batch) override {
    Captured& step = steps_[batch.size()];
    CarryPlaces(batch, step);
    slices_ += std::ssize(batch);
    if (step.plain_steps++ < kPlainSteps) return RunOn(step);
    if (!step.graph) Capture(step);
    // Pinned memory goes back to its pool when the copy is done: the next step takes another piece.
    torch::Tensor numbers = Pinned({step.masks.size()}, torch::kFloat32);
    subjects_.masks.FillRecorded(step.masks, numbers);
    step.masks.CopyFrom(numbers);
    step.graph->replay();
  }

  EpochSums TakeSums() override {
    const EpochSums sums{sums_.loss.item<double>(), sums_.hits.item<std::int64_t>(), slices_};
    // In place: the graphs add to these.
    sums_.loss.zero_();
    sums_.hits.zero_();
    slices_ = 0;
    return sums;
  }

 private:
  void CarryPlaces(std::span<const Slice> batch, Captured& step) {
    torch::Tensor places = Pinned({3, std::ssize(batch)}, torch::kInt64);
    PlacesOf(batch, subjects_.job, places);
    if (!step.places.defined()) step.places = torch::empty_like(places, subjects_.device);
    step.places.copy_(places, /*non_blocking=*/true);
  }

  void RunOn(Captured& step) {
    subjects_.masks.BeginRecording(step.masks);
    StepOnPlaces(step);
    subjects_.masks.EndRecording();
  }

  void StepOnPlaces(const Captured& step) {
    StepOn(subjects_.on_device->Gather(step.places), step.places[2], subjects_, sums_);
  }

  void Capture(Captured& step) {
    step.masks.PlaceOn(subjects_.device);
    auto graph = std::make_unique<at::cuda::CUDAGraph>();
    subjects_.masks.BeginReplaying(step.masks);
    graph->capture_begin(pool_);
    StepOnPlaces(step);
    graph->capture_end();
    subjects_.masks.EndReplaying();
    step.graph = std::move(graph);
  }

  const StepSubjects subjects_;
  DeviceSums sums_;
  const at::cuda::MempoolId_t pool_;  // graphs of one training run one after another: they share it
  std::map<std::size_t, Captured> steps_;
  std::int64_t slices_ = 0;
};

}  // namespace

std::unique_ptr<TrainStep> MakeGraphStep(const StepSubjects& subjects) {
  // The default stream cannot be captured.
  c10::cuda::setCurrentCUDAStream(
      c10::cuda::getStreamFromPool(/*isHighPriority=*/false, subjects.device.index()));
  return std::make_unique<GraphStep>(subjects);
}

}  // namespace tutti
