#include "worker/daemon/gpus.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <numeric>
#include <utility>

#include "common/json.h"
#include "common/program_output.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kProbeLimit{60'000};  // LibTorch takes a while from a cold disk

Result<int> UsableByTrainer(const std::filesystem::path& trainer) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text,
                         OutputOf({trainer.string(), "devices"}, kProbeLimit));
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

std::optional<std::filesystem::path> FindMps(FileSystem& files,
                                             const std::optional<std::string>& variable,
                                             const std::filesystem::path& root) {
  // CUDA's own default, and where a service's private /tmp does not hide it.
  std::vector<std::string> folders{"/tmp/nvidia-mps", "/run/nvidia-mps"};
  if (variable) folders = {*variable};
  for (const std::string& folder : folders) {
    const std::filesystem::path path = root / std::filesystem::path(folder).relative_path();
    if (files.Exists(path / "control")) return path;
  }
  return std::nullopt;
}

}  // namespace tutti
