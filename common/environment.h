// The process's environment, read in one place.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/result.h"

namespace tutti {

// Nothing where the variable is unset or empty.
std::optional<std::string> EnvironmentVariable(const std::string& name);

// The user's folder for configuration: $XDG_CONFIG_HOME/tutti or $HOME/.config/tutti.
// kFailedPrecondition: neither variable is set.
Result<std::filesystem::path> UserConfigFolder();

// The user's folder for sockets and the like: $XDG_RUNTIME_DIR, else the temporary folder.
std::filesystem::path RuntimeFolder();

// The folder that holds the running binary: where the other four are.
Result<std::filesystem::path> BinaryFolder();

// One of Tutti's programs: beside the running binary, else in ../lib/tutti from there, where an
// installation has what is no command of its own (a trainer, built for this machine's LibTorch).
// kNotFound: it is in neither.
Result<std::filesystem::path> FindTuttiProgram(const std::string& name);

// This machine's name; "unknown" where it has none.
std::string HostName();

}  // namespace tutti
