// The number of what worker and coordinator say to each other in a session
// (proto/tutti/v1/worker.proto).
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

// Grows when a release can no longer talk to the one before it; what is merely added leaves it.
inline constexpr int kSessionProtocol = 1;

// kFailedPrecondition where the other side speaks another number: says which side to upgrade.
// other: "worker gpu1 (release 0.1.0)".
inline Status CheckSessionProtocol(int spoken, std::string_view other, std::string_view this_side) {
  if (spoken == kSessionProtocol) return {};
  return FailedPrecondition(
      std::string(other) + " speaks session protocol " + std::to_string(spoken) + ", " +
      std::string(this_side) + " speaks " + std::to_string(kSessionProtocol) + "; upgrade " +
      std::string(spoken < kSessionProtocol ? other : this_side) + ": both must be of one release");
}

}  // namespace tutti
