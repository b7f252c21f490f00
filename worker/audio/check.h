// What is wrong with an audio file before anybody trains on it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

namespace tutti {

struct AudioFacts {
  std::optional<std::string> undecodable;  // why; the others are not known then
  int sample_rate_hz = 0;
  int channels = 0;
  std::int64_t samples = 0;  // a channel
  double seconds = 0;
  bool is_silent = false;     // all samples are zero, as all features then are
  bool is_constant = false;   // all samples alike and not zero: direct current
  bool is_truncated = false;  // fewer samples or bytes than the header names
  std::string pcm_hash;       // SHA-256 of rate and mono samples: equal music in whatever container
};

// Decodes the whole file. Errors: it could not be read here (never a verdict on its bytes).
Result<AudioFacts> ReadAudioFacts(const std::filesystem::path& path);

// All files, on several threads. told: one call a file, never two at once, in any order; `index` is
// the file's place in `files`. The first error of a file ends it.
Status CheckAudio(const std::vector<std::filesystem::path>& files, std::int64_t threads,
                  const std::function<void(std::size_t index, const AudioFacts& facts)>& told);

}  // namespace tutti
