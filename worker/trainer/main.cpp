// tutti-train: trains models and predicts by them, for jobs that come as JSON lines. No audio, no
// gRPC in this process.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <malloc.h>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/version.h"
#include "worker/trainer/device.h"
#include "worker/trainer/job_source.h"
#include "worker/trainer/runner.h"
#include "worker/trainer/slot_probe.h"

namespace {

constexpr char kUsage[] =
    R"(tutti-train: trains one model, or predicts by one, for each job line.

  tutti-train               takes jobs as JSON lines on stdin, tells events on stdout
  tutti-train one JOB.json  runs the one job in that file
  tutti-train devices       tells the GPUs that it can use, as JSON
  tutti-train slots CORES   measures how many one-thread trainings at a time, at most CORES, this
                            machine does best; a few seconds
  tutti-train --version | --help

Example: tutti-train one job.json
)";

constexpr int kMaxSlotsMeasured = 1'024;

// glibc gives big tensors back to the kernel after each step; the page faults then cost more than
// the arithmetic.
void KeepFreedMemory() {
  constexpr int kKeepBytes = 1 << 30;
  ::mallopt(M_MMAP_THRESHOLD, kKeepBytes);
  ::mallopt(M_TRIM_THRESHOLD, kKeepBytes);
}

int RunOne(const std::string& path) {
  const auto text = tutti::PosixFileSystem().ReadFile(path);
  if (!text.ok()) {
    std::cerr << "tutti-train: " << text.error().message << '\n';
    return 2;
  }
  const tutti::SystemClock clock;
  const auto emit = [](const tutti::Json& event) {
    std::cout << tutti::EventLine(event) << std::endl;
  };
  const tutti::Json last = tutti::RunJobLine(*text, clock, {emit, [] { return false; }});
  emit(last);
  return last["event"] == "result" ? 0 : 1;
}

int TellSlots(const std::string& text) {
  const int cores = std::atoi(text.c_str());
  if (cores < 1 || cores > kMaxSlotsMeasured) {
    std::cerr << "tutti-train: slots: expected a number of cores from 1 to " << kMaxSlotsMeasured
              << ", got " << text << '\n';
    return 2;
  }
  const tutti::SystemClock clock;
  const auto choice = tutti::ChooseSlots(
      cores, [&clock](int slots) { return tutti::MeasureTrainings(slots, clock); });
  if (!choice.ok()) {
    std::cerr << "tutti-train: " << choice.error().message << '\n';
    return 1;
  }
  std::cout << tutti::DumpJson(tutti::ToJson(*choice, cores)) << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::signal(SIGPIPE, SIG_IGN);
  KeepFreedMemory();
  torch::set_num_interop_threads(1);
  if (arguments.empty()) {
    const tutti::SystemClock clock;
    tutti::JobSource source(std::cin);
    tutti::ServeJobs(source, std::cout, clock);
    return 0;
  }
  if (arguments.size() == 2 && arguments[0] == "one") return RunOne(arguments[1]);
  if (arguments.size() == 1 && arguments[0] == "devices") {
    std::cout << tutti::DumpJson({{"devices", tutti::UsableGpus()}}) << '\n';
    return 0;
  }
  if (arguments.size() == 2 && arguments[0] == "slots") return TellSlots(arguments[1]);
  if (arguments.size() == 1 && arguments[0] == "--version") {
    std::cout << "tutti-train " << tutti::kVersion << " (LibTorch " << TORCH_VERSION << ")\n";
    return 0;
  }
  const bool asked = arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h");
  (asked ? std::cout : std::cerr) << kUsage;
  return asked ? 0 : 2;
}
