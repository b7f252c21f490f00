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

// What a client's calls say of it in their metadata, so that a release that means something else by
// them is not misunderstood. Grows like kSessionProtocol; a call without it is of any release.
inline constexpr int kClientProtocol = 1;
inline constexpr char kClientProtocolKey[] = "tutti-protocol";

// kFailedPrecondition, as above. spoken: the metadata's value.
inline Status CheckClientProtocol(std::string_view spoken) {
  if (spoken == std::to_string(kClientProtocol)) return {};
  const bool is_older = spoken.size() == 1 && spoken[0] - '0' < kClientProtocol;
  return FailedPrecondition("this client speaks protocol " + std::string(spoken) +
                            ", the coordinator " + std::to_string(kClientProtocol) +
                            "; upgrade the " + (is_older ? "client" : "coordinator") +
                            ": both must be of one release");
}

}  // namespace tutti
