#include "worker/trainer/device.h"

#include <array>
#include <charconv>
#include <dlfcn.h>
#include <system_error>

namespace tutti {
namespace {

// Of the driver's own library, which is there where a GPU can be used and counts GPUs as LibTorch
// does: LibTorch tells no model without the toolkit's headers, which no build here needs.
std::string AskDriver(int gpu) {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return "";
  std::array<char, 256> model{};
  int handle = 0;
  const auto init = reinterpret_cast<int (*)(unsigned)>(::dlsym(driver, "cuInit"));
  const auto get = reinterpret_cast<int (*)(int*, int)>(::dlsym(driver, "cuDeviceGet"));
  const auto name_of =
      reinterpret_cast<int (*)(char*, int, int)>(::dlsym(driver, "cuDeviceGetName"));
  const bool told = init != nullptr && get != nullptr && name_of != nullptr && init(0) == 0 &&
                    get(&handle, gpu) == 0 &&
                    name_of(model.data(), static_cast<int>(model.size()) - 1, handle) == 0;
  ::dlclose(driver);
  return told ? model.data() : "";
}

}  // namespace

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

std::string DeviceModel(const std::string& name) {
  if (name == "cpu") return name;
  const std::size_t colon = name.find(':');
  const std::string number = colon == std::string::npos ? "0" : name.substr(colon + 1);
  int gpu = 0;
  const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), gpu);
  const std::string model = failed == std::errc() ? AskDriver(gpu) : "";
  return model.empty() ? "GPU" : model;
}

std::vector<std::string> UsableGpus() {
  std::vector<std::string> gpus;
  for (std::size_t i = 0; i < static_cast<std::size_t>(torch::cuda::device_count()); ++i) {
    gpus.push_back("cuda:" + std::to_string(i));
  }
  return gpus;
}

}  // namespace tutti
