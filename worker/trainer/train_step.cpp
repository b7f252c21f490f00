#include "worker/trainer/train_step.h"

#include "worker/trainer/numerics.h"
#ifdef TUTTI_CUDA_GRAPHS
#include "worker/trainer/graph_step.h"
#endif

namespace tutti {
namespace {

class PlainStep final : public TrainStep {
 public:
  explicit PlainStep(const StepSubjects& subjects) : subjects_(subjects), sums_(subjects.device) {}

  void Run(std::span<const Slice> slices) override {
    const Batch batch =
        subjects_.on_device != nullptr
            ? subjects_.on_device->Cut(slices, subjects_.job)
            : GatherBatch(slices, subjects_.grid, subjects_.features, subjects_.job);
    StepOn(batch.slices.to(subjects_.device, subjects_.model.dtype()),
           batch.labels.to(subjects_.device), subjects_, sums_);
    slices_ += batch.labels.size(0);
  }

  EpochSums TakeSums() override {
    const EpochSums sums{sums_.loss.item<double>(), sums_.hits.item<std::int64_t>(), slices_};
    sums_ = DeviceSums(subjects_.device);
    slices_ = 0;
    return sums;
  }

 private:
  const StepSubjects subjects_;
  DeviceSums sums_;
  std::int64_t slices_ = 0;
};

}  // namespace

DeviceSums::DeviceSums(const torch::Device& device)
    : loss(torch::zeros({}, torch::dtype(torch::kFloat64).device(device))),
      hits(torch::zeros({}, torch::dtype(torch::kInt64).device(device))) {}

void StepOn(const torch::Tensor& slices, const torch::Tensor& labels, const StepSubjects& subjects,
            DeviceSums& sums) {
  subjects.adam.ZeroGrad();
  torch::Tensor logits;
  {
    const ReducedPrecision reduced(subjects.job.precision);
    logits = subjects.model.Forward(slices);
  }
  if (subjects.job.precision == Precision::kBf16) logits = logits.to(torch::kFloat32);
  const torch::Tensor loss = torch::nn::functional::cross_entropy(logits, labels);
  loss.backward();
  subjects.adam.Step();
  sums.loss += loss.detach().to(torch::kFloat64) * static_cast<double>(labels.size(0));
  sums.hits += (logits.detach().argmax(1) == labels).sum();
}

std::unique_ptr<TrainStep> MakePlainStep(const StepSubjects& subjects) {
  return std::make_unique<PlainStep>(subjects);
}

std::unique_ptr<TrainStep> MakeTrainStep(const StepSubjects& subjects) {
#ifdef TUTTI_CUDA_GRAPHS
  if (subjects.device.is_cuda()) return MakeGraphStep(subjects);
#endif
  return MakePlainStep(subjects);
}

}  // namespace tutti
