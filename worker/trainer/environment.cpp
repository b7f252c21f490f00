#include "worker/trainer/environment.h"

#include <string>

#include <sys/utsname.h>
#include <torch/version.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

}  // namespace

Json EnvironmentOf(const TrainJob& job) {
  return {{"libtorch", TORCH_VERSION},
          {"processor", Processor()},
          {"device", job.device},
          {"threads", std::to_string(job.threads)},
          {"precision", PrecisionName(job.precision)}};
}

}  // namespace tutti
