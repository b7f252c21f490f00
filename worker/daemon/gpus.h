// Which GPUs a worker offers (which run gets which: gpu_shares.h). No GPU library is in this
// process: the driver's folder says whether there are any, and tutti-train how many its LibTorch
// can use.
//
// A GPU's number is CUDA's own in the runners: the daemon has them numbered by PCI bus, as
// nvidia-smi does, and CUDA_VISIBLE_DEVICES holds as everywhere.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

inline constexpr int kMaxGpus = 256;

struct GpusFound {
  int count = 0;         // numbered 0 to count - 1
  std::string why_none;  // where count is 0, for a message
};

class GpuProbe {
 public:
  virtual ~GpuProbe() = default;
  virtual GpusFound Find() = 0;
};

// Of this machine. Asks `trainer` (tutti-train; empty: there is none) only where the driver has a
// GPU; Find blocks until it has answered, at most kProbeLimit of silence.
class MachineGpuProbe final : public GpuProbe {
 public:
  MachineGpuProbe(FileSystem& files, std::filesystem::path trainer,
                  std::filesystem::path driver = "/proc/driver/nvidia/gpus")
      : files_(files), trainer_(std::move(trainer)), driver_(std::move(driver)) {}

  GpusFound Find() override;

 private:
  FileSystem& files_;
  std::filesystem::path trainer_;
  std::filesystem::path driver_;
};

// "0,2", or "none". kInvalidArgument: anything else, or a number twice.
Result<std::vector<int>> ParseGpuList(std::string_view text);

// What to offer: what was asked for, all where nothing was. kInvalidArgument: one that was asked
// for is not there.
Result<std::vector<int>> ChooseGpus(const std::optional<std::vector<int>>& asked, GpuProbe& probe);

// The folder through which programs reach a running nvidia-cuda-mps-control, by which processes
// compute on one GPU at the same time instead of in turn: that of CUDA_MPS_PIPE_DIRECTORY
// (variable), else the usual ones. Nothing: none runs. root: "/" but in tests.
std::optional<std::filesystem::path> FindMps(FileSystem& files,
                                             const std::optional<std::string>& variable,
                                             const std::filesystem::path& root = "/");

}  // namespace tutti
