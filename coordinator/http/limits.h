// Every bound on what the pages' server takes and keeps.
#pragma once

#include <chrono>
#include <cstddef>

namespace tutti {

inline constexpr std::size_t kMaxJsonBodyBytes = 64 << 10;
inline constexpr std::size_t kMaxAudioBytes = 24 << 20;  // 2 minutes of CD audio
inline constexpr std::size_t kHttpThreads = 8;
// Files that are listened to at a time, each of which holds a thread: the other threads are for
// pages.
inline constexpr int kMostListens = 3;
inline constexpr std::chrono::seconds kListenAgain{2};   // told to who finds all of them taken
inline constexpr std::chrono::seconds kUploadLimit{60};  // of a file that is to be heard
// The rest of a body that is refused is read, so that whoever sends it reads the answer; what is
// longer, or takes longer, is cut off.
inline constexpr std::size_t kMostDrainedBytes = 64 << 20;
inline constexpr std::chrono::seconds kDrainLimit{5};
// Connections that wait for a thread; more wait in the kernel's own queue, then are refused.
inline constexpr std::size_t kMaxWaitingConnections = 256;
inline constexpr std::chrono::seconds kHttpReadTimeout{10};
inline constexpr std::chrono::seconds kHttpWriteTimeout{30};
inline constexpr std::chrono::seconds kGatewayDeadline{30};  // of one call behind a request
inline constexpr std::chrono::hours kLoginLasts{7 * 24};
inline constexpr std::size_t kMaxKeptAnswers = 256;

}  // namespace tutti
