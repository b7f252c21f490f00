// What is wrong with a sweep file, all of it, in the order of its lines.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"

namespace tutti {

// Not thread-safe.
class Findings {
 public:
  explicit Findings(std::string file) : file_(std::move(file)) {}

  void Add(int line, const std::string& what) { lines_.emplace_back(line, what); }

  // OK while nothing was found; else one line a finding.
  Status ToStatus() {
    if (lines_.empty()) return {};
    std::ranges::stable_sort(lines_, {}, &std::pair<int, std::string>::first);
    std::string text;
    for (const auto& [line, what] : lines_) {
      text += (text.empty() ? "" : "\n") + file_ + ":" + std::to_string(line) + ": " + what;
    }
    return InvalidArgument(text);
  }

 private:
  std::string file_;
  std::vector<std::pair<int, std::string>> lines_;
};

}  // namespace tutti
