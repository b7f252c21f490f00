#include "coordinator/rpc/last_lines.h"

#include "coordinator/rpc/limits.h"

namespace tutti {
namespace {

constexpr std::size_t kLastLines = 100;

}  // namespace

Result<std::vector<std::string>> LastLines(JobId job, AttemptNumber attempt, StoreReader& reader) {
  std::vector<std::string> lines;
  std::int64_t last = 0;
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const auto rows, reader.Log(job, attempt, last, kLogRowsPerPage));
    if (rows.empty()) return lines;
    for (const LogRecord& row : rows) lines.insert(lines.end(), row.lines.begin(), row.lines.end());
    last = rows.back().first + static_cast<std::int64_t>(rows.back().lines.size()) - 1;
    if (lines.size() <= kLastLines) continue;
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kLastLines));
  }
}

}  // namespace tutti
