#include "worker/daemon/gpu_shares.h"

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace tutti {
namespace {

constexpr const char* kCpu = "cpu";

}  // namespace

std::string DeviceName(int gpu) {
  return "cuda:" + std::to_string(gpu);
}

GpuShares::GpuShares(const std::vector<int>& gpus) {
  for (const int gpu : gpus) gpus_.push_back({DeviceName(gpu)});
}

GpuShares::Gpu* GpuShares::Find(const std::string& device) {
  const auto gpu = std::ranges::find(gpus_, device, &Gpu::device);
  return gpu == gpus_.end() ? nullptr : &*gpu;
}

bool GpuShares::HasRoom(const Gpu& gpu, const std::string& key) const {
  if (gpu.strangers) return false;
  if (gpu.runs.empty()) return true;
  std::int64_t needed = 0;
  for (const auto& [number, other] : gpu.runs) {
    const auto need = NeedOf(other);
    if (!need) return false;
    needed += *need;
  }
  const auto own = NeedOf(key);
  const double total = static_cast<double>(gpu.total_bytes);
  if (!own) return static_cast<double>(needed) <= total / 2 && gpu.total_bytes > 0;
  return static_cast<double>(needed + *own) <= kShareableMemory * total;
}

std::optional<GpuShares::Share> GpuShares::Take(const GpuWish& wish, const std::string& key) {
  if (gpus_.empty()) return Share{kCpu};
  const bool has_wanted = Find(wish.wanted) != nullptr;
  const auto avoided = [&](const Gpu& gpu) {
    return std::ranges::find(wish.avoided, gpu.device) != wish.avoided.end();
  };
  const bool avoids_all = std::ranges::all_of(gpus_, avoided);
  Gpu* chosen = nullptr;
  for (Gpu& gpu : gpus_) {
    if (has_wanted ? gpu.device != wish.wanted : avoided(gpu) && !avoids_all) continue;
    if (!HasRoom(gpu, key)) continue;
    if (chosen == nullptr || gpu.runs.size() < chosen->runs.size()) chosen = &gpu;
  }
  if (chosen == nullptr) return std::nullopt;
  chosen->runs[++last_number_] = key;
  return Share{chosen->device, last_number_};
}

void GpuShares::GiveBack(const Share& share) {
  Gpu* const gpu = Find(share.device);
  if (gpu == nullptr) return;
  TUTTI_CHECK(gpu->runs.erase(share.number) == 1, share.device + " was given back once too often");
}

void GpuShares::Learn(const std::string& key, std::int64_t peak_bytes) {
  std::int64_t& need = needs_[key];
  need = std::max(need, peak_bytes);
}

std::optional<std::int64_t> GpuShares::NeedOf(const std::string& key) const {
  const auto found = needs_.find(key);
  if (found == needs_.end()) return std::nullopt;
  return found->second;
}

bool GpuShares::ObserveMemory(const std::string& device, std::int64_t total_bytes) {
  Gpu* const gpu = Find(device);
  if (gpu == nullptr || total_bytes <= 0) return false;
  return std::exchange(gpu->total_bytes, total_bytes) != total_bytes;
}

bool GpuShares::ObserveStrangers(const std::string& device, bool there_are) {
  Gpu* const gpu = Find(device);
  return gpu != nullptr && std::exchange(gpu->strangers, there_are) != there_are;
}

}  // namespace tutti
