// What `tutti doctor` looks at: this machine, and the way to the coordinator.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/context.h"

namespace tutti {

enum class Health {
  kOk,
  kNote,     // worth knowing, nothing to do
  kWarning,  // something will not work so well, or not here
  kMissing,  // something cannot work
};

struct Finding {
  Health health = Health::kOk;
  std::string what;    // "LibTorch"
  std::string detail;  // "2.13.0"
  std::string remedy;  // of a warning or of what is missing: what to do
};

inline constexpr std::chrono::milliseconds kGpuToolSilence{20'000};

// The tools that build Tutti.
std::vector<Finding> CheckToolchain();
// The five programs beside this one: there, and of one release; the LibTorch of tutti-train.
std::vector<Finding> CheckPrograms();
// Each GPU with its driver, and whether tutti-train can use them. silence: after it nvidia-smi is
// taken to hang, as beside a GPU that its driver has lost.
std::vector<Finding> CheckGpus(std::chrono::milliseconds silence = kGpuToolSilence);
// Whether a coordinator could take its usual ports here. `own`: the address of one that is known to
// run, whose ports are its own.
std::vector<Finding> CheckPorts(const std::string& own);
// Room for features, checkpoints and logs, here and where the user's files are.
std::vector<Finding> CheckDisks();
// The profile, the certificate in it, the coordinator that it names: rights, release, clock.
// address: of the coordinator, if it answered.
std::vector<Finding> CheckCoordinator(Context& context, std::string& address);

}  // namespace tutti
