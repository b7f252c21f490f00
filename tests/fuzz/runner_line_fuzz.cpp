// A runner's stdout. The runner may be the user's own program, or broken. The input's first byte
// says how large the pieces are in which the pipe gives it.
#include <algorithm>
#include <cmath>

#include "tests/fuzz/fuzz_target.h"
#include "worker/daemon/runner_event.h"
#include "worker/daemon/runner_output.h"

namespace tutti {
namespace {

using fuzz::Require;

// So small that inputs reach it.
constexpr std::size_t kEventLimit = 4'096;
constexpr std::size_t kLogLimit = 256;

std::size_t LimitOf(std::string_view start) {
  return start.starts_with(kEventPrefix) ? kEventLimit : kLogLimit;
}

void OnLine(std::string_view line, LogTail& tail) {
  Require(line.size() <= std::max(kEventLimit, kLogLimit), "no line is longer than its limit");
  if (!line.starts_with(kEventPrefix)) {
    Require(tail.Add(line).size() <= kMaxLogLineBytes, "a kept line is bounded");
    return;
  }
  const ParsedEvent parsed = ParseRunnerEvent(line);
  if (const auto* bad = std::get_if<BadEvent>(&parsed)) {
    Require(!bad->error.message.empty(), "a bad event says why");
  } else if (const auto* event = std::get_if<RunnerEvent>(&parsed)) {
    if (const auto* artifact = std::get_if<RunnerArtifact>(event)) {
      Require(!artifact->name.empty() && artifact->name.size() <= kMaxArtifactNameBytes,
              "an artifact's name is bounded");
    } else if (const auto* epoch = std::get_if<v1::EpochPoint>(event)) {
      Require(epoch->epoch() >= 0, "an epoch's number is no negative one");
    }
  }
}

}  // namespace
}  // namespace tutti

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti;
  if (size == 0) return 0;
  const std::size_t piece = data[0] + std::size_t{1};
  std::string_view rest = fuzz::AsText(data, size).substr(1);
  LogTail tail;
  LineSplitter lines(LimitOf,
                     [&](std::string_view line, LineSplitter::Cut) { OnLine(line, tail); });
  while (!rest.empty()) {
    lines.Feed(rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
  }
  lines.Finish();
  Require(tail.Lines().size() <= kLogTailLines, "the tail is bounded");
  return 0;
}
