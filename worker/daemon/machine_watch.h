// Looks now and then at what this machine is used to.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/machine_use.h"
#include "worker/daemon/runner_ledger.h"
#include "worker/daemon/short_command.h"

namespace tutti {

inline constexpr std::chrono::milliseconds kUseInterval{5'000};
// The processor's share is one of some time: the first look comes so soon after the start.
inline constexpr std::chrono::milliseconds kFirstUse{250};
inline constexpr std::chrono::milliseconds kGpuAnswerLimit{4'000};

struct MachineSample {
  v1::MachineUse use;
  // Of GPUs; all empty where nobody told anything.
  std::vector<GpuFigures> gpus;
  std::vector<GpuProcess> gpu_processes;
  std::map<std::string, std::string> cuda_names;  // by uuid
};

// Owned by the loop's thread, which it never holds up.
class MachineWatch {
 public:
  struct Surroundings {
    EventLoop& loop;
    const Clock& clock;
    FileSystem& files;
    RunnerLedger& ledger;
  };
  struct Options {
    bool gpus = false;                          // whether to ask for GPUs
    std::optional<std::string> visible_gpus{};  // CUDA_VISIBLE_DEVICES
    std::string gpu_tool = "nvidia-smi";
    std::filesystem::path root = "/";  // of proc and sys
    std::chrono::milliseconds interval = kUseInterval;
    std::chrono::milliseconds first = kFirstUse;
  };
  using OnSample = std::function<void(const MachineSample&)>;

  MachineWatch(const Surroundings& surroundings, Options options, OnSample on_sample)
      : around_(surroundings), options_(std::move(options)), on_sample_(std::move(on_sample)) {}
  ~MachineWatch();
  MachineWatch(const MachineWatch&) = delete;
  MachineWatch& operator=(const MachineWatch&) = delete;

  void Start();

 private:
  void Look();
  void AskGpuTool(std::string query, ShortCommand::OnEnd on_end);
  void AskForGpus();
  void OnGpus(Result<std::string> answer);
  void OnGpuProcesses(Result<std::string> answer);
  // Nobody can be asked: told once, and what cannot be asked is not asked again.
  void GiveUpGpus(const Error& why);
  std::optional<CpuTimes> ReadCpuTimes();
  void Tell();

  Surroundings around_;
  Options options_;
  OnSample on_sample_;
  std::optional<CpuTimes> before_;
  double cpu_share_ = 0;
  std::optional<MemoryUse> memory_;
  MachineSample sample_;
  std::unique_ptr<ShortCommand> command_;  // the one that is asked
  bool told_trouble_ = false;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace tutti
