#include "cli/watch_lines.h"

#include <algorithm>

#include "common/rpc/words.h"
#include "common/visible_text.h"

namespace tutti {
namespace {

constexpr int kWidestBar = 32;

std::string SlotBar(int busy, int slots) {
  std::string bar;
  for (int i = 0; i < std::min(slots, kWidestBar); ++i) bar += i < busy ? "█" : "·";
  return "[" + bar + (slots > kWidestBar ? "…" : "") + "]";
}

// "2026-11-23 12:03:07 UTC" → "12:03:07".
std::string TimeOfDay(std::int64_t unix_ms) {
  const std::string text = TimeText(unix_ms);
  return text.size() > 19 ? text.substr(11, 8) : text;
}

std::string EventLine(const v1::Event& event) {
  std::string line = TimeOfDay(event.at_unix_ms()) + " " + event.kind();
  if (event.job_id() != 0) line += " job " + std::to_string(event.job_id());
  if (!event.worker().empty()) line += " " + event.worker();
  if (!event.detail().empty()) line += " " + event.detail();
  return OneLine(line);
}

}  // namespace

std::vector<std::string> WorkerLines(const v1::ListWorkersResponse& workers) {
  std::vector<std::string> lines;
  int away = 0;
  for (const v1::WorkerInfo& worker : workers.workers()) {
    if (!worker.connected() && worker.busy_slots() == 0) {
      ++away;
      continue;
    }
    lines.push_back(worker.name() + " " + SlotBar(worker.busy_slots(), worker.slots()) + " " +
                    std::to_string(worker.busy_slots()) + "/" + std::to_string(worker.slots()) +
                    " slots, " + worker.state());
    for (const auto& place : worker.set_aside()) {
      lines.push_back("  " + (place.device().empty() ? "" : place.device() + ": ") +
                      place.reason());
    }
  }
  if (away > 0) lines.push_back(std::to_string(away) + " away");
  return lines;
}

void EventTail::Add(const v1::ListEventsResponse& events) {
  last_number_ = std::max(last_number_, events.last_number());
  for (const v1::Event& event : events.events()) lines_.push_back(EventLine(event));
  if (lines_.size() > most_) {
    lines_.erase(lines_.begin(), lines_.end() - static_cast<std::ptrdiff_t>(most_));
  }
}

}  // namespace tutti
