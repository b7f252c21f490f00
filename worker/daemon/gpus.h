// Which GPUs a worker offers, and which job gets which. No GPU library is in this process: the
// driver's folder says whether there are any, and tutti-train how many its LibTorch can use.
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

// What the coordinator says about a job's GPU.
struct GpuWish {
  std::string wanted;                // this one; empty: any
  std::vector<std::string> avoided;  // but none of these
};

// "cuda:2" for GPU 2.
std::string DeviceName(int gpu);

// Gives each job a GPU: the one with the fewest jobs, of equal ones the first named. So the slots
// are shared out in turn. Owned by one thread.
class GpuShares {
 public:
  explicit GpuShares(const std::vector<int>& gpus);

  // "cuda:2"; "cpu" where the worker offers no GPU. A wish that cannot be met is left unheard.
  std::string Take(const GpuWish& wish = {});
  // What Take gave.
  void GiveBack(const std::string& device);

 private:
  struct Gpu {
    std::string device;
    int jobs = 0;
  };
  Gpu* Choose(const GpuWish& wish);

  std::vector<Gpu> gpus_;
};

}  // namespace tutti
