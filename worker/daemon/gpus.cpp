#include "worker/daemon/gpus.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <numeric>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "common/check.h"
#include "common/json.h"
#include "common/process.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kProbeLimit{60'000};  // LibTorch takes a while from a cold disk
constexpr std::size_t kMaxAnswerBytes = 64 << 10;
constexpr const char* kCpu = "cpu";

// All that a child writes to its stdout, until it ends.
Result<std::string> OutputOf(const std::vector<std::string>& argv) {
  SpawnOptions options;
  options.argv = argv;
  options.output = Stream::kPipe;
  options.errors = Stream::kNull;
  TUTTI_ASSIGN_OR_RETURN(const auto child, Spawn(options));
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() < kMaxAnswerBytes) {
    pollfd end{child->output().get(), POLLIN, 0};
    if (::poll(&end, 1, static_cast<int>(kProbeLimit.count())) <= 0) {
      return Error{ErrorCode::kDeadlineExceeded, "it does not answer"};
    }
    const ssize_t n = ::read(end.fd, buffer.data(), buffer.size());
    if (n <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  const ExitStatus status = child->Wait();
  if (!status.success()) return FailedPrecondition("it ended with " + Describe(status));
  return text;
}

Result<int> UsableByTrainer(const std::filesystem::path& trainer) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text, OutputOf({trainer.string(), "devices"}));
  TUTTI_ASSIGN_OR_RETURN(const Json answer, ParseJson(text, "its answer"));
  TUTTI_ASSIGN_OR_RETURN(const auto devices,
                         Field<std::vector<std::string>>(answer, "devices", "its answer"));
  return static_cast<int>(std::min<std::size_t>(devices.size(), kMaxGpus));
}

std::string Listed(const std::vector<int>& gpus) {
  std::string text;
  for (const int gpu : gpus) {
    if (!text.empty()) text += ',';
    text += std::to_string(gpu);
  }
  return text;
}

}  // namespace

GpusFound MachineGpuProbe::Find() {
  const auto listed = files_.ListDirectory(driver_);
  if (!listed.ok() || listed->empty()) {
    return {0, "this machine has no NVIDIA GPU, or its driver is not loaded (nothing in " +
                   driver_.string() + ")"};
  }
  if (trainer_.empty())
    return {static_cast<int>(std::min<std::size_t>(listed->size(), kMaxGpus)), ""};
  const Result<int> usable = UsableByTrainer(trainer_);
  if (!usable.ok()) {
    return {0, trainer_.string() + " devices: " + usable.error().message};
  }
  if (*usable == 0) {
    return {0, "LibTorch of " + trainer_.string() +
                   " can use no GPU (a CPU build, or CUDA_VISIBLE_DEVICES hides them)"};
  }
  return {*usable, ""};
}

Result<std::vector<int>> ParseGpuList(std::string_view text) {
  const Error bad =
      InvalidArgument("GPUs: expected their numbers, such as 0 or 0,2, each once, or none; got \"" +
                      std::string(text) + "\"");
  std::vector<int> gpus;
  if (text == "none") return gpus;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    int gpu = -1;
    const auto [next, error] = std::from_chars(at, end, gpu);
    if (error != std::errc{} || gpu < 0 || gpu >= kMaxGpus) return bad;
    if (std::ranges::find(gpus, gpu) != gpus.end()) return bad;
    gpus.push_back(gpu);
    if (next == end) return gpus;
    if (*next != ',') return bad;
    at = next + 1;
  }
}

Result<std::vector<int>> ChooseGpus(const std::optional<std::vector<int>>& asked, GpuProbe& probe) {
  if (asked && asked->empty()) return std::vector<int>();
  const GpusFound found = probe.Find();
  std::vector<int> all(static_cast<std::size_t>(found.count));
  std::iota(all.begin(), all.end(), 0);
  if (!asked) return all;
  for (const int gpu : *asked) {
    if (gpu < found.count) continue;
    const std::string why =
        found.count == 0 ? found.why_none
                         : "there is no GPU " + std::to_string(gpu) + ", only " + Listed(all);
    return InvalidArgument("--gpus " + Listed(*asked) + ": " + why +
                           "; leave --gpus out to use what there is, a GPU or the processor");
  }
  return *asked;
}

GpuShares::GpuShares(const std::vector<int>& gpus) {
  for (const int gpu : gpus) gpus_.push_back({DeviceName(gpu), 0});
}

std::string DeviceName(int gpu) {
  return "cuda:" + std::to_string(gpu);
}

GpuShares::Gpu* GpuShares::Choose(const GpuWish& wish) {
  Gpu* chosen = nullptr;
  for (Gpu& gpu : gpus_) {
    if (gpu.device == wish.wanted) return &gpu;
    if (std::ranges::find(wish.avoided, gpu.device) != wish.avoided.end()) continue;
    if (chosen == nullptr || gpu.jobs < chosen->jobs) chosen = &gpu;
  }
  return chosen != nullptr ? chosen : &*std::ranges::min_element(gpus_, {}, &Gpu::jobs);
}

std::string GpuShares::Take(const GpuWish& wish) {
  if (gpus_.empty()) return kCpu;
  Gpu* const gpu = Choose(wish);
  ++gpu->jobs;
  return gpu->device;
}

void GpuShares::GiveBack(const std::string& device) {
  const auto gpu = std::ranges::find(gpus_, device, &Gpu::device);
  if (gpu == gpus_.end()) return;
  TUTTI_CHECK(gpu->jobs > 0, device + " was given back once too often");
  --gpu->jobs;
}

}  // namespace tutti
