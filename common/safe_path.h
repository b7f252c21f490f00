// Paths that come from elsewhere and name something below a folder of ours.
#pragma once

#include <algorithm>
#include <string_view>

namespace tutti {

// Relative, with '/', without empty, "." and ".." steps: it can only name something below the root.
// (A link below the root may still lead out: open component by component where that matters.)
inline bool IsSafeRelativePath(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  std::size_t at = 0;
  while (at <= path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view step = path.substr(at, end - at);
    if (step.empty() || step == "." || step == "..") return false;
    at = end + 1;
  }
  return true;
}

}  // namespace tutti
