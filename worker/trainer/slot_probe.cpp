#include "worker/trainer/slot_probe.h"

#include <algorithm>
#include <barrier>
#include <exception>
#include <memory>
#include <thread>

#include <torch/torch.h>

#include "worker/models/registry.h"
#include "worker/trainer/adam.h"

namespace tutti {
namespace {

// The study's shortest slices, in a batch that takes little memory: the threads of a large machine
// have one each.
constexpr std::int64_t kBatch = 4;
constexpr ModelShape kShape{.n_mels = 128, .frames = 43, .classes = 10};
constexpr char kModel[] = "cnn";

// One run's training, as far as the machine is concerned.
class Trainee {
 public:
  explicit Trainee(std::shared_ptr<Model> model)
      : model_(std::move(model)),
        adam_(model_->parameters(), {.fused = true}),
        slices_(torch::rand({kBatch, kShape.n_mels, kShape.frames})),
        labels_(torch::randint(kShape.classes, {kBatch}, torch::kInt64)) {
    model_->train();
  }

  void Step() {
    adam_.ZeroGrad();
    torch::nn::functional::cross_entropy(model_->Forward(slices_), labels_).backward();
    adam_.Step();
  }

 private:
  std::shared_ptr<Model> model_;
  Adam adam_;
  torch::Tensor slices_;  // [batch, n_mels, frames]
  torch::Tensor labels_;  // [batch]
};

// Steps a second, from when all are ready.
double Train(Trainee& trainee, std::barrier<>& ready, const Clock& clock) {
  torch::set_num_threads(1);
  trainee.Step();
  ready.arrive_and_wait();
  const SteadyTime start = clock.SteadyNow();
  SteadyTime now = start;
  int steps = 0;
  for (; now < start + kSlotMeasurement; ++steps) {
    trainee.Step();
    now = clock.SteadyNow();
  }
  return steps / std::chrono::duration<double>(now - start).count();
}

}  // namespace

Result<SlotChoice> ChooseSlots(int cores, const std::function<Result<double>(int)>& measure) {
  SlotChoice choice{std::max(1, cores), {}};
  if (cores <= 1) return choice;
  TUTTI_ASSIGN_OR_RETURN(double best, measure(choice.slots));
  choice.measured.push_back({choice.slots, best});
  while (choice.slots > 1) {
    const int fewer = (choice.slots + 1) / 2;
    TUTTI_ASSIGN_OR_RETURN(const double steps, measure(fewer));
    choice.measured.push_back({fewer, steps});
    if (best >= kWorthwhileGain * steps) break;
    choice.slots = fewer;
    best = steps;
  }
  return choice;
}

Result<double> MeasureTrainings(int slots, const Clock& clock) {
  std::vector<std::unique_ptr<Trainee>> trainees;
  for (int i = 0; i < slots; ++i) {
    TUTTI_ASSIGN_OR_RETURN(auto model, MakeModel(kModel, kShape));
    trainees.push_back(std::make_unique<Trainee>(std::move(model)));
  }
  std::vector<double> rates(trainees.size(), 0);
  std::vector<std::exception_ptr> failures(trainees.size());
  std::barrier<> ready(slots);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < trainees.size(); ++i) {
      threads.emplace_back([&, i] {
        try {
          rates[i] = Train(*trainees[i], ready, clock);
        } catch (const std::exception&) {  // of LibTorch: no memory
          failures[i] = std::current_exception();
          ready.arrive_and_drop();
        }
      });
    }
  }
  double all = 0;
  for (std::size_t i = 0; i < rates.size(); ++i) {
    if (failures[i]) {
      return Error{ErrorCode::kResourceExhausted,
                   std::to_string(slots) + " trainings at a time did not run to their end"};
    }
    all += rates[i];
  }
  return all;
}

Json ToJson(const SlotChoice& choice, int cores) {
  Json measured = Json::array();
  for (const MeasuredSlots& one : choice.measured) {
    measured.push_back({{"slots", one.slots}, {"steps_per_second", one.steps_per_second}});
  }
  return {{"slots", choice.slots},
          {"cores", cores},
          {"libtorch", TORCH_VERSION},
          {"measured", std::move(measured)}};
}

}  // namespace tutti
