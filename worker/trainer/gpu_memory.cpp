#include "worker/trainer/gpu_memory.h"

#include <exception>

#include <c10/core/CachingDeviceAllocator.h>

namespace tutti {
namespace {

// The interface that LibTorch's allocators of all devices share, so that no header of CUDA is
// needed; null on the processor.
c10::DeviceAllocator* AllocatorOf(const torch::Device& device) {
  if (device.is_cpu()) return nullptr;
  return dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
}

c10::DeviceIndex IndexOf(const torch::Device& device) {
  return device.has_index() ? device.index() : c10::DeviceIndex{0};
}

}  // namespace

GpuMemory::GpuMemory(const torch::Device& device) : device_(device) {
  auto* const allocator = AllocatorOf(device_);
  // Before the first tensor there is nothing to begin anew.
  if (allocator != nullptr && allocator->initialized()) allocator->resetPeakStats(IndexOf(device_));
}

GpuMemory::~GpuMemory() {
  auto* const allocator = AllocatorOf(device_);
  if (allocator == nullptr || !allocator->initialized()) return;
  try {
    allocator->emptyCache();
  } catch (const std::exception&) {
    // A GPU that fails has ended the run by an error of its own.
  }
}

void GpuMemory::Tell(const RunHooks& hooks) {
  auto* const allocator = AllocatorOf(device_);
  if (allocator == nullptr || !allocator->initialized()) return;
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const std::int64_t peak = allocator->getDeviceStats(IndexOf(device_)).reserved_bytes[kAll].peak;
  if (peak <= told_bytes_) return;
  told_bytes_ = peak;
  const std::size_t total = allocator->getMemoryInfo(IndexOf(device_)).second;
  hooks.emit({{"event", "gpu_memory"}, {"peak_bytes", peak}, {"total_bytes", total}});
}

}  // namespace tutti
