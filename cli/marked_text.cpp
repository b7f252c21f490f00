#include "cli/marked_text.h"

#include <algorithm>

namespace tutti {
namespace {

std::string OpeningMark(std::string_view name) {
  return "<!-- tutti:" + std::string(name) + " -->";
}

std::string ClosingMark(std::string_view name) {
  return "<!-- /tutti:" + std::string(name) + " -->";
}

std::string LineOf(std::string_view text, std::size_t at) {
  return std::to_string(1 + std::ranges::count(text.substr(0, at), '\n'));
}

// Where the only such mark begins.
Result<std::size_t> FindOnce(std::string_view text, const std::string& mark,
                             std::string_view file) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) {
    return InvalidArgument(std::string(file) + ": the mark " + mark +
                           " is missing; put it on a line of its own where the table belongs");
  }
  const std::size_t again = text.find(mark, at + mark.size());
  if (again == std::string_view::npos) return at;
  return InvalidArgument(std::string(file) + ":" + LineOf(text, again) + ": the mark " + mark +
                         " stands here again, first in line " + LineOf(text, at) +
                         "; keep one of them");
}

}  // namespace

bool HasMarks(std::string_view text, std::string_view name) {
  return text.find(OpeningMark(name)) != std::string_view::npos ||
         text.find(ClosingMark(name)) != std::string_view::npos;
}

Result<std::string> ReplaceMarked(std::string_view text, std::string_view name,
                                  std::string_view replacement, std::string_view file) {
  const std::string opening = OpeningMark(name);
  const std::string closing = ClosingMark(name);
  TUTTI_ASSIGN_OR_RETURN(const std::size_t open, FindOnce(text, opening, file));
  TUTTI_ASSIGN_OR_RETURN(const std::size_t close, FindOnce(text, closing, file));
  if (close < open) {
    return InvalidArgument(std::string(file) + ":" + LineOf(text, close) + ": the mark " + closing +
                           " stands before " + opening + " (line " + LineOf(text, open) + ")");
  }
  const bool has_crlf = text.find("\r\n") != std::string_view::npos;
  std::string result(text.substr(0, open + opening.size()));
  for (const char c : "\n" + std::string(replacement)) {
    if (c == '\n' && has_crlf) result += '\r';
    result += c;
  }
  return result + std::string(text.substr(close));
}

}  // namespace tutti
