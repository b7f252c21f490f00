// Every bound on what the pages' server takes and keeps.
#pragma once

#include <chrono>
#include <cstddef>

namespace tutti {

inline constexpr std::size_t kMaxJsonBodyBytes = 64 << 10;
inline constexpr std::size_t kMaxAudioBytes = 24 << 20;  // 2 minutes of CD audio
inline constexpr std::size_t kHttpThreads = 8;
// Connections that wait for a thread; more wait in the kernel's own queue, then are refused.
inline constexpr std::size_t kMaxWaitingConnections = 256;
inline constexpr std::chrono::seconds kHttpReadTimeout{10};
inline constexpr std::chrono::seconds kHttpWriteTimeout{30};
inline constexpr std::chrono::seconds kGatewayDeadline{30};  // of one call behind a request
inline constexpr std::chrono::hours kLoginLasts{7 * 24};
inline constexpr std::size_t kMaxKeptAnswers = 256;

}  // namespace tutti
