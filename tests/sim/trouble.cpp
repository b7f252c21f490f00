#include "tests/sim/trouble.h"

namespace tutti {
namespace {

constexpr std::string_view kNames[] = {
    "stream cut",
    "partition, worker unheard",
    "partition, worker deaf",
    "partition, both ways",
    "frame of a stream given up",
    "frame of a superseded session",
    "frame repeated",
    "frame with a gap",
    "frame of a foreign attempt",
    "coordinator killed",
    "coordinator lost power",
    "coordinator paused",
    "commit failed",
    "database write failed",
    "database write lost",
    "submit undone",
    "worker killed",
    "worker lost power",
    "worker lost its disk",
    "worker drained",
    "worker paused",
    "spool write failed",
    "spool write lost",
    "attempt recovered",
    "transfer failed",
    "runner broke",
    "runner hung",
    "resume file salvaged",
    "run resumed",
    "attempt lost",
    "attempt reclaimed",
    "attempt superseded",
    "attempt returned",
    "attempt cancelled",
    "late result",
};
static_assert(std::size(kNames) == static_cast<std::size_t>(Trouble::kCount));

}  // namespace

std::string_view NameOf(Trouble trouble) {
  return kNames[static_cast<std::size_t>(trouble)];
}

void Story::Tell(const std::string& line) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(timeline_.Now().time_since_epoch())
          .count();
  lines_.push_back(std::to_string(ms) + "  " + line);
  constexpr std::uint64_t kPrime = 1099511628211U;  // FNV-1a
  for (const char c : lines_.back()) {
    fingerprint_ = (fingerprint_ ^ static_cast<unsigned char>(c)) * kPrime;
  }
  if (lines_.size() > kLinesKept) lines_.pop_front();
}

void Story::Tell(Trouble trouble, const std::string& detail, int times) {
  if (times == 0) return;
  counts_[static_cast<std::size_t>(trouble)] += times;
  Tell(std::string(NameOf(trouble)) + (detail.empty() ? "" : ": ") + detail);
}

std::string Story::LastLines() const {
  std::string text = "the last lines of its story, with milliseconds:\n";
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

}  // namespace tutti
