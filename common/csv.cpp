#include "common/csv.h"

#include <set>

#include "common/visible_text.h"

namespace tutti {
namespace {

// Splits one line into fields; false for a quote that is not closed or not alone in its field.
bool SplitLine(std::string_view line, std::vector<std::string>& fields) {
  fields.assign(1, "");
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (c == '"' && (quoted || fields.back().empty())) {
      quoted = !quoted;
    } else if (c == '"') {
      return false;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return !quoted;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> ParseTwoColumns(std::string_view text,
                                                                         std::string_view header,
                                                                         const std::string& file) {
  std::vector<std::pair<std::string, std::string>> rows;
  std::set<std::string> seen;
  std::vector<std::string> fields;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string where = file + ":" + std::to_string(++number) + ": ";
    if (!IsUtf8(line)) {
      return InvalidArgument(where + "expected text in UTF-8, got \"" + Visible(line) + "\"");
    }
    if (number == 1) {
      if (line != header) {
        return InvalidArgument(where + "expected the header line \"" + std::string(header) +
                               "\", got \"" + std::string(line) + "\"");
      }
      continue;
    }
    if (line.empty()) continue;
    if (!SplitLine(line, fields) || fields.size() != 2) {
      return InvalidArgument(where + "expected two fields \"" + std::string(header) + "\", got \"" +
                             std::string(line) + "\"");
    }
    if (!seen.insert(fields[0]).second) {
      return InvalidArgument(where + "\"" + fields[0] + "\" stands there twice");
    }
    rows.emplace_back(fields[0], fields[1]);
  }
  if (number == 0) {
    return InvalidArgument(file + ":1: expected the header line \"" + std::string(header) +
                           "\", got an empty file");
  }
  return rows;
}

}  // namespace tutti
