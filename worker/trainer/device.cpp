#include "worker/trainer/device.h"

namespace tutti {

Result<torch::Device> ChooseDevice(const std::string& name) {
  if (name == "cpu") return torch::Device(torch::kCPU);
  if (!name.starts_with("cuda")) {
    return InvalidArgument("device: expected cpu or cuda:N, got " + name);
  }
  if (!torch::cuda::is_available()) {
    return InvalidArgument("device: " + name +
                           " asked for, but this LibTorch sees no GPU (a CPU build, or no driver)");
  }
  return torch::Device(name);
}

std::vector<std::string> UsableGpus() {
  std::vector<std::string> gpus;
  for (std::size_t i = 0; i < static_cast<std::size_t>(torch::cuda::device_count()); ++i) {
    gpus.push_back("cuda:" + std::to_string(i));
  }
  return gpus;
}

}  // namespace tutti
