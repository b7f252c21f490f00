#include "worker/trainer/environment.h"

#include <algorithm>
#include <string>

#include <ATen/Version.h>
#include <sys/utsname.h>
#include <torch/version.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "worker/trainer/device.h"

namespace tutti {
namespace {

std::string Processor() {
#if defined(__x86_64__)
  unsigned highest = 0;
  unsigned words[3] = {};  // in the order of the vendor's text: EBX, EDX, ECX
  if (__get_cpuid(0, &highest, &words[0], &words[2], &words[1]) != 0) {
    return {reinterpret_cast<const char*>(words), sizeof(words)};
  }
#endif
  utsname system{};
  return ::uname(&system) == 0 ? system.machine : "unknown";
}

// The value of NAME=value in the list of settings; empty: it is not there.
std::string SettingOf(const std::string& description, const std::string& name) {
  for (const char* before : {" ", ","}) {
    const std::size_t at = description.find(before + name + "=");
    if (at == std::string::npos) continue;
    const std::size_t from = at + name.size() + 2;
    return description.substr(from, description.find_first_of(",\n ", from) - from);
  }
  return "";
}

}  // namespace

std::string LibTorchBuild(const std::string& description) {
  std::string version = SettingOf(description, "TORCH_VERSION");
  if (version.empty()) version = TORCH_VERSION;
  std::string cuda = SettingOf(description, "CUDA_VERSION");
  std::erase(cuda, '.');
  return version + (cuda.empty() ? "+cpu" : "+cu" + cuda);
}

Json EnvironmentOf(const TrainJob& job) {
  return {{"libtorch", LibTorchBuild(at::show_config())},
          {"mkl", at::hasMKL() ? "yes" : "no"},
          {"instructions", at::get_cpu_capability()},
          {"processor", Processor()},
          {"device", DeviceModel(job.device)},
          {"threads", std::to_string(job.threads)},
          {"precision", PrecisionName(job.precision)}};
}

}  // namespace tutti
