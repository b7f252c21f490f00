#include "cli/sweep_progress.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <unistd.h>

#include <sys/ioctl.h>

#include "common/duration.h"
#include "common/json.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kAskEvery{500};

std::string DescribeRun(const v1::JobInfo& job) {
  const auto config = ParseJson(job.config_json(), "job");
  if (!config.ok() || !config->is_object()) return "";
  std::string text = config->value("model", "run");
  if (config->contains("slice_seconds")) text += " " + (*config)["slice_seconds"].dump() + "s";
  if (config->contains("seed")) text += " seed " + (*config)["seed"].dump();
  if (job.has_last_epoch()) {
    char buffer[64];
    std::snprintf(buffer, sizeof(buffer), ": epoch %d, loss %.4f", job.last_epoch().epoch(),
                  job.last_epoch().val_loss());
    text += buffer;
  }
  return text;
}

std::string Bar(std::int64_t done, std::int64_t failed, std::int64_t all, std::size_t width) {
  const auto cells = [&](std::int64_t part) {
    return all == 0 ? 0 : static_cast<std::size_t>(part) * width / static_cast<std::size_t>(all);
  };
  const std::size_t full = cells(done);
  const std::size_t broken = cells(done + failed) - full;
  std::string bar = "[";
  for (std::size_t i = 0; i < width; ++i) bar += i < full ? "█" : i < full + broken ? "×" : "·";
  return bar + "]";
}

std::string Count(const char* name, std::int64_t done, std::int64_t all) {
  char text[64];
  std::snprintf(text, sizeof(text), "%-7s%lld/%lld", name, static_cast<long long>(done),
                static_cast<long long>(all));
  return text;
}

// Cut to so many characters, never inside one.
std::string Cut(const std::string& text, std::size_t columns) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xC0) == 0x80) continue;
    if (++width > columns) return text.substr(0, i);
  }
  return text;
}

std::string StatesText(const SweepCounts& counts, const v1::GetSweepResponse& sweep) {
  std::string text =
      std::to_string(counts.running) + " running, " + std::to_string(counts.waiting) + " waiting";
  if (counts.failed > 0) text += ", " + std::to_string(counts.failed) + " failed";
  if (counts.cancelled > 0) text += ", " + std::to_string(counts.cancelled) + " cancelled";
  if (sweep.sweep().state() == "paused") text += ", paused";
  const std::string remaining = RemainingText(sweep);
  if (!remaining.empty()) text += ", " + remaining + " left";
  return text;
}

// Draws over what it drew before, or on a screen of its own. One terminal; not thread-safe.
class Display {
 public:
  enum class Room { kInPlace, kWholeScreen };

  explicit Display(Room room) : whole_(room == Room::kWholeScreen) {
    if (whole_) std::cerr << "\x1b[?1049h\x1b[?25l";
  }
  ~Display() {
    if (whole_) std::cerr << "\x1b[?25h\x1b[?1049l" << std::flush;
  }
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  void Draw(const v1::GetSweepResponse& sweep, const std::vector<std::string>& more) {
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    const std::size_t columns = known ? size.ws_col : 80;
    const std::size_t rows = known && size.ws_row > 0 ? size.ws_row : 24;
    std::string text;
    if (whole_) {
      text += "\x1b[H";
    } else if (drawn_ > 0) {
      text += "\x1b[" + std::to_string(drawn_) + "A";
    }
    text += "\x1b[J";  // what stood there, and what a narrower window has wrapped
    // Half of the screen at least is for what runs.
    const std::size_t shown = std::min(more.size(), rows / 2);
    std::vector<std::string> lines = ProgressLines(sweep, columns - 1, rows - 1 - shown);
    for (std::size_t i = more.size() - shown; i < more.size(); ++i) {
      lines.push_back(Cut(more[i], columns - 1));
    }
    for (const std::string& line : lines) text += line + "\n";
    drawn_ = lines.size();
    std::cerr << text << std::flush;
  }

 private:
  const bool whole_;
  std::size_t drawn_ = 0;  // lines
};

// still_fine, more: null where there is none.
Result<SweepCounts> Follow(Context& context, Connection& connection, const std::string& name,
                           const std::function<Status()>& still_fine, const MoreLines& more) {
  v1::GetSweepRequest request;
  request.set_name(name);
  std::string last_line;
  const bool draws = !context.quiet && ::isatty(STDERR_FILENO) == 1;
  std::optional<Display> display;
  if (draws) display.emplace(more ? Display::Room::kWholeScreen : Display::Room::kInPlace);
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const auto sweep,
                           connection.Call(&v1::SweepService::Stub::GetSweep, request));
    const std::string line = ProgressLine(sweep);
    std::vector<std::string> below;
    if (draws && more) {
      TUTTI_ASSIGN_OR_RETURN(below, more());
    }
    if (draws) {
      display->Draw(sweep, below);
    } else if (!context.quiet && line != last_line) {
      std::cerr << name << ": " << line << '\n';
    }
    last_line = line;
    const SweepCounts counts = CountsOf(sweep.sweep());
    if (counts.ended()) {
      if (draws && more) {  // what stays when the screen is given back
        display.reset();
        std::cerr << name << ": " << line << '\n';
      }
      return counts;
    }
    if (still_fine) TUTTI_RETURN_IF_ERROR(still_fine());
    if (context.interrupt.Wait(kAskEvery)) return Error{ErrorCode::kCancelled, "stopped watching"};
  }
}

}  // namespace

std::string RemainingText(const v1::GetSweepResponse& sweep) {
  if (!sweep.has_remaining_low_seconds() || !sweep.has_remaining_high_seconds()) return "";
  const auto text = [](double seconds) {
    return FormatElapsed(std::chrono::seconds(static_cast<std::int64_t>(seconds + 0.5)));
  };
  const std::string low = text(sweep.remaining_low_seconds());
  const std::string high = text(sweep.remaining_high_seconds());
  return low == high ? low : low + " – " + high;
}

std::vector<std::string> ProgressLines(const v1::GetSweepResponse& sweep, std::size_t columns,
                                       std::size_t rows) {
  constexpr std::size_t kBarWidth = 30;
  constexpr std::size_t kOtherLines = 4;
  const SweepCounts counts = CountsOf(sweep.sweep());
  std::vector<std::string> lines{sweep.sweep().name() + ": " + StatesText(counts, sweep)};
  const auto add_bar = [&](const char* name, std::int64_t done, std::int64_t failed,
                           std::int64_t all) {
    lines.push_back(Bar(done, failed, all, kBarWidth) + " " + Count(name, done, all));
  };
  if (counts.shards_done < counts.shards) add_bar("shards", counts.shards_done, 0, counts.shards);
  add_bar("runs", counts.succeeded, counts.failed, counts.planned);
  std::size_t hidden = 0;
  for (const v1::JobInfo& job : sweep.running()) {
    if (job.kind() == v1::JOB_KIND_PREPROCESS) continue;
    if (lines.size() + kOtherLines > rows) {
      ++hidden;
      continue;
    }
    lines.push_back("  " + DescribeRun(job) +
                    (job.worker().empty() ? "" : " (" + job.worker() + ")"));
  }
  if (hidden > 0) lines.push_back("  and " + std::to_string(hidden) + " more");
  for (std::string& line : lines) line = Cut(line, columns);
  return lines;
}

SweepCounts CountsOf(const v1::SweepInfo& sweep) {
  SweepCounts counts;
  for (const v1::PhaseCount& count : sweep.runs()) {
    if (count.phase() == v1::JOB_PHASE_CANCELLED) {
      counts.cancelled += count.jobs();
      continue;
    }
    counts.planned += count.jobs();
    switch (count.phase()) {
      case v1::JOB_PHASE_SUCCEEDED:
        counts.succeeded += count.jobs();
        break;
      case v1::JOB_PHASE_FAILED:
        counts.failed += count.jobs();
        break;
      case v1::JOB_PHASE_LEASED:
      case v1::JOB_PHASE_RUNNING:
        counts.running += count.jobs();
        break;
      default:
        counts.waiting += count.jobs();
    }
  }
  for (const v1::PhaseCount& count : sweep.preprocess()) {
    counts.shards += count.jobs();
    if (count.phase() == v1::JOB_PHASE_SUCCEEDED) counts.shards_done += count.jobs();
  }
  return counts;
}

std::string ProgressLine(const v1::GetSweepResponse& sweep) {
  const SweepCounts counts = CountsOf(sweep.sweep());
  std::string line;
  if (counts.shards_done < counts.shards) {
    line +=
        "shards " + std::to_string(counts.shards_done) + "/" + std::to_string(counts.shards) + ", ";
  }
  line += "runs " + std::to_string(counts.succeeded) + "/" + std::to_string(counts.planned);
  if (counts.running > 0) {
    line += ", " + std::to_string(counts.running) + " running";
    std::string runs;
    for (const v1::JobInfo& job : sweep.running()) {
      if (job.kind() == v1::JOB_KIND_PREPROCESS) continue;
      runs += (runs.empty() ? "" : "; ") + DescribeRun(job);
    }
    if (!runs.empty()) line += " (" + runs + ")";
  }
  if (counts.failed > 0) line += ", " + std::to_string(counts.failed) + " failed";
  if (sweep.sweep().state() == "paused") line += ", paused";
  if (counts.cancelled > 0) line += ", " + std::to_string(counts.cancelled) + " cancelled";
  return line;
}

Result<SweepCounts> WaitForSweep(Context& context, Connection& connection, const std::string& name,
                                 const std::function<Status()>& still_fine) {
  return Follow(context, connection, name, still_fine, nullptr);
}

Result<SweepCounts> WatchSweep(Context& context, Connection& connection, const std::string& name,
                               const MoreLines& more) {
  return Follow(context, connection, name, nullptr, more);
}

}  // namespace tutti
