#include "worker/daemon/machine_watch.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace tutti {
namespace {

constexpr char kFormat[] = "--format=csv,noheader,nounits";

}  // namespace

MachineWatch::~MachineWatch() {
  around_.loop.Cancel(timer_);
}

void MachineWatch::Start() {
  before_ = ReadCpuTimes();
  timer_ = around_.loop.RunAt(around_.clock.SteadyNow() + options_.first, [this] { Look(); });
}

std::optional<CpuTimes> MachineWatch::ReadCpuTimes() {
  const auto stat = around_.files.ReadFile(options_.root / "proc/stat");
  return stat.ok() ? ParseCpuTimes(*stat) : std::nullopt;
}

void MachineWatch::Look() {
  timer_ = around_.loop.RunAt(around_.clock.SteadyNow() + options_.interval, [this] { Look(); });
  const auto now = ReadCpuTimes();
  cpu_share_ = before_ && now ? CpuShare(*before_, *now) : 0;
  before_ = now;
  memory_ = MemoryAround(around_.files, options_.root);
  sample_ = {};
  // One that hangs in its driver is not asked again, and the rest is told without it.
  if (!options_.gpus || command_ != nullptr) return Tell();
  AskForGpus();
}

void MachineWatch::AskGpuTool(std::string query, ShortCommand::OnEnd on_end) {
  auto command = ShortCommand::Start({around_.loop, around_.clock, around_.ledger},
                                     {options_.gpu_tool, std::move(query), kFormat},
                                     kGpuAnswerLimit, std::move(on_end));
  if (!command.ok()) return GiveUpGpus(command.error());
  command_ = *std::move(command);
}

void MachineWatch::AskForGpus() {
  AskGpuTool(std::string("--query-gpu=") + kGpuFields,
             [this](Result<std::string> answer) { OnGpus(std::move(answer)); });
}

void MachineWatch::OnGpus(Result<std::string> answer) {
  command_.reset();
  if (!answer.ok()) return GiveUpGpus(answer.error());
  sample_.gpus = ParseGpuFigures(*answer);
  sample_.cuda_names = CudaNames(sample_.gpus, options_.visible_gpus);
  AskGpuTool(std::string("--query-compute-apps=") + kGpuProcessFields,
             [this](Result<std::string> more) { OnGpuProcesses(std::move(more)); });
}

void MachineWatch::OnGpuProcesses(Result<std::string> answer) {
  command_.reset();
  if (!answer.ok()) return GiveUpGpus(answer.error());
  sample_.gpu_processes = ParseGpuProcesses(*answer);
  Tell();
}

void MachineWatch::GiveUpGpus(const Error& why) {
  if (!std::exchange(told_trouble_, true)) {
    spdlog::warn("the GPUs' use is not told: {}", why.message);
  }
  if (why.code == ErrorCode::kNotFound) options_.gpus = false;
  Tell();
}

void MachineWatch::Tell() {
  sample_.use = ToMachineUse(cpu_share_, memory_, sample_.gpus, sample_.cuda_names);
  on_sample_(sample_);
}

}  // namespace tutti
