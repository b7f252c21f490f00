#include "cli/sweep_progress.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <unistd.h>

#include "cli/progress_display.h"
#include "cli/terminal.h"
#include "common/duration.h"
#include "common/json.h"
#include "common/rpc/words.h"

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

// What changes from one asking to the next while a sweep is at work; the time left always does.
OrderedJson StateJson(const v1::GetSweepResponse& sweep) {
  OrderedJson json = ToJson(sweep.sweep());
  json["running"] = OrderedJson::array();
  for (const v1::JobInfo& job : sweep.running()) json["running"].push_back(ToJson(job));
  return json;
}

OrderedJson RemainingJson(const v1::GetSweepResponse& sweep) {
  if (!sweep.has_remaining_low_seconds() || !sweep.has_remaining_high_seconds()) return {};
  return {{"low", sweep.remaining_low_seconds()}, {"high", sweep.remaining_high_seconds()}};
}

// Tells one sweep's progress in one of the ways there are.
class Teller {
 public:
  enum class Way { kNothing, kLines, kJsonLines, kInPlace, kWholeScreen };

  explicit Teller(Way way) : way_(way) {
    if (way == Way::kInPlace) display_.emplace(ProgressDisplay::Room::kInPlace);
    if (way == Way::kWholeScreen) display_.emplace(ProgressDisplay::Room::kWholeScreen);
  }

  bool wants_more() const { return way_ == Way::kWholeScreen; }

  void Tell(const v1::GetSweepResponse& sweep, const std::vector<std::string>& more) {
    if (display_) return display_->Draw(sweep, more);
    if (way_ == Way::kLines) {
      const std::string line = ProgressLine(sweep);
      if (line != last_) std::cerr << sweep.sweep().name() << ": " << line << '\n';
      last_ = line;
    } else if (way_ == Way::kJsonLines) {
      OrderedJson json = StateJson(sweep);
      const std::string state = json.dump();
      json["remaining_seconds"] = RemainingJson(sweep);
      if (state != last_) std::cout << json.dump() << std::endl;
      last_ = state;
    }
  }

  // What stays when the screen is given back.
  void End(const v1::GetSweepResponse& sweep) {
    if (way_ != Way::kWholeScreen) return;
    display_.reset();
    std::cerr << sweep.sweep().name() << ": " << ProgressLine(sweep) << '\n';
  }

 private:
  const Way way_;
  std::optional<ProgressDisplay> display_;
  std::string last_;  // that was told
};

// still_fine, more: null where there is none.
Result<SweepCounts> Follow(Context& context, Connection& connection, const std::string& name,
                           Teller::Way way, const std::function<Status()>& still_fine,
                           const MoreLines& more) {
  v1::GetSweepRequest request;
  request.set_name(name);
  Teller teller(way);
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const auto sweep,
                           connection.Call(&v1::SweepService::Stub::GetSweep, request));
    std::vector<std::string> below;
    if (teller.wants_more()) {
      TUTTI_ASSIGN_OR_RETURN(below, more());
    }
    teller.Tell(sweep, below);
    const SweepCounts counts = CountsOf(sweep.sweep());
    if (counts.ended()) {
      teller.End(sweep);
      return counts;
    }
    if (still_fine) TUTTI_RETURN_IF_ERROR(still_fine());
    if (context.interrupt.Wait(kAskEvery)) return Error{ErrorCode::kCancelled, "stopped watching"};
  }
}

bool OnTerminal() {
  return ::isatty(STDERR_FILENO) == 1;
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
  for (std::string& line : lines) line = CutToColumns(line, columns);
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
  const auto way = context.quiet  ? Teller::Way::kNothing
                   : OnTerminal() ? Teller::Way::kInPlace
                                  : Teller::Way::kLines;
  return Follow(context, connection, name, way, still_fine, nullptr);
}

Result<SweepCounts> WatchSweep(Context& context, Connection& connection, const std::string& name,
                               const MoreLines& more) {
  const auto way = context.json    ? Teller::Way::kJsonLines
                   : context.quiet ? Teller::Way::kNothing
                   : OnTerminal()  ? Teller::Way::kWholeScreen
                                   : Teller::Way::kLines;
  return Follow(context, connection, name, way, nullptr, more);
}

}  // namespace tutti
