#include "common/environment.h"

#include <array>
#include <cstdlib>
#include <system_error>
#include <unistd.h>

namespace tutti {

std::optional<std::string> EnvironmentVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

Result<std::filesystem::path> UserConfigFolder() {
  if (const auto folder = EnvironmentVariable("XDG_CONFIG_HOME")) {
    return std::filesystem::path(*folder) / "tutti";
  }
  if (const auto home = EnvironmentVariable("HOME")) {
    return std::filesystem::path(*home) / ".config" / "tutti";
  }
  return FailedPrecondition("no folder for configuration: set HOME or XDG_CONFIG_HOME");
}

std::filesystem::path RuntimeFolder() {
  if (const auto folder = EnvironmentVariable("XDG_RUNTIME_DIR")) return *folder;
  std::error_code ignored;
  const auto temp = std::filesystem::temp_directory_path(ignored);
  return temp.empty() ? std::filesystem::path("/tmp") : temp;
}

Result<std::filesystem::path> BinaryFolder() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return ErrnoError(error.value(), "read the link /proc/self/exe");
  return self.parent_path();
}

Result<std::filesystem::path> FindTuttiProgram(const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path folder, BinaryFolder());
  const std::filesystem::path further = folder.parent_path() / "lib" / "tutti";
  std::error_code ignored;
  for (const auto& place : {folder, further}) {
    if (std::filesystem::exists(place / name, ignored)) return place / name;
  }
  return NotFound(name + " is neither in " + folder.string() + " nor in " + further.string() +
                  "; install it there (tutti-train: deploy/setup.sh --install-trainer PREFIX, or "
                  "build it beside the others)");
}

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

}  // namespace tutti
