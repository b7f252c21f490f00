#include "worker/daemon/runner_output.h"

#include <algorithm>

#include "common/json.h"

namespace tutti {

void LineSplitter::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = std::min(bytes.find('\n'), bytes.size());
    std::string_view part = bytes.substr(0, newline);
    while (!part.empty() && !cut_) {
      // In steps, so that the limit is asked for with the line's first bytes at hand.
      const std::size_t step = line_.empty() ? std::min<std::size_t>(part.size(), 16) : part.size();
      const std::size_t limit = limit_of_(line_.empty() ? part.substr(0, step) : line_);
      const std::size_t room = limit > line_.size() ? limit - line_.size() : 0;
      cut_ = room < step;
      line_.append(part.substr(0, std::min(step, room)));
      part.remove_prefix(step);
    }
    if (newline == bytes.size()) return;
    Emit();
    bytes.remove_prefix(newline + 1);
  }
}

void LineSplitter::Finish() {
  if (!line_.empty() || cut_) Emit();
}

void LineSplitter::Emit() {
  if (line_.ends_with('\r')) line_.pop_back();
  sink_(line_, cut_ ? Cut::kYes : Cut::kNo);
  line_.clear();
  cut_ = false;
}

const std::string& LogTail::Add(std::string_view line) {
  if (lines_.size() == kLogTailLines) lines_.pop_front();
  // Through JSON: the wire takes only UTF-8, and a cut may stand inside a character.
  std::string text = DumpJson(Json(line.substr(0, kMaxLogLineBytes)));
  lines_.push_back(Json::parse(text).get<std::string>());
  return lines_.back();
}

}  // namespace tutti
