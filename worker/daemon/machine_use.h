// What the kernel and NVIDIA's tool tell of this machine's use, read from their text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "common/file_system.h"
#include "tutti/v1/common.pb.h"

namespace tutti {

// The coordinator takes no more.
inline constexpr std::size_t kMaxGpusTold = 256;

// Since the machine's start, of all cores, in clock ticks.
struct CpuTimes {
  std::uint64_t busy = 0;
  std::uint64_t total = 0;
};
// Of /proc/stat. Waiting for a disk is not busy, what the machine under a virtual one took away is.
std::optional<CpuTimes> ParseCpuTimes(std::string_view stat);
// 0 to 1; 0 where no time has passed.
double CpuShare(const CpuTimes& before, const CpuTimes& now);

struct MemoryUse {
  std::int64_t used_bytes = 0;
  std::int64_t total_bytes = 0;
};
// Of /proc/meminfo. Used is what no program could have without swapping.
std::optional<MemoryUse> ParseMemory(std::string_view meminfo);
// Of the machine, or of the control group (version 2) around this process that has the tightest
// limit; nothing where the kernel tells nothing. root: "/" but in tests.
std::optional<MemoryUse> MemoryAround(FileSystem& files, const std::filesystem::path& root = "/");

// ---- nvidia-smi --format=csv,noheader,nounits, with these fields.

inline constexpr char kGpuFields[] = "index,uuid,utilization.gpu,memory.used,memory.total,name";
inline constexpr char kGpuProcessFields[] = "gpu_uuid,pid,used_memory,process_name";

struct GpuFigures {
  int index = 0;
  std::string uuid;
  double share = 0;  // 0 where it is not told
  std::int64_t used_bytes = 0;
  std::int64_t total_bytes = 0;
  std::string model;
};
// Lines that are none are left out.
std::vector<GpuFigures> ParseGpuFigures(std::string_view csv);

struct GpuProcess {
  std::string uuid;  // of its GPU
  pid_t pid = 0;
  std::int64_t used_bytes = 0;  // 0 where it is not told
  std::string name;
};
std::vector<GpuProcess> ParseGpuProcesses(std::string_view csv);

// How CUDA calls each GPU ("cuda:0"), by uuid, where it counts them by their place on the bus.
// visible: CUDA_VISIBLE_DEVICES; those that it hides have no name.
std::map<std::string, std::string> CudaNames(const std::vector<GpuFigures>& gpus,
                                             const std::optional<std::string>& visible);

v1::MachineUse ToMachineUse(double cpu_share, const std::optional<MemoryUse>& memory,
                            const std::vector<GpuFigures>& gpus,
                            const std::map<std::string, std::string>& names);

}  // namespace tutti
