#include "common/runner_environment.h"

#include "common/environment.h"

namespace tutti {

std::vector<std::pair<std::string, std::string>> RunnerEnvironment() {
  constexpr const char* kSpins = "GOMP_SPINCOUNT";
  if (EnvironmentVariable(kSpins) || EnvironmentVariable("OMP_WAIT_POLICY")) return {};
  return {{kSpins, "10000"}};
}

}  // namespace tutti
