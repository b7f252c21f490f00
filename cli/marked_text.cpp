#include "cli/marked_text.h"

#include <algorithm>
#include <vector>

namespace tutti {
namespace {

std::string OpeningMark(std::string_view name) {
  return "<!-- tutti:" + std::string(name) + " -->";
}

std::string ClosingMark(std::string_view name) {
  return "<!-- /tutti:" + std::string(name) + " -->";
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

// Fenced code blocks, line by line, as CommonMark has them.
class Fences {
 public:
  // Whether this line is part of a block.
  bool Holds(std::string_view line) {
    const std::size_t indent = line.find_first_not_of(' ');
    const std::string_view text = Trimmed(line);
    const std::size_t length = indent > kMostIndent ? 0 : LengthOf(text);
    if (length_ == 0) {
      const bool opens = length > 0 && (text[0] == '~' || text.find('`', length) == text.npos);
      if (!opens) return false;
      character_ = text[0];
      length_ = length;
    } else if (length >= length_ && text[0] == character_ && text.size() == length) {
      length_ = 0;
    }
    return true;
  }

 private:
  static constexpr std::size_t kMostIndent = 3;
  static constexpr std::size_t kShortest = 3;

  // 0: the line is no fence.
  static std::size_t LengthOf(std::string_view text) {
    if (text.empty() || (text[0] != '`' && text[0] != '~')) return 0;
    const std::size_t length = std::min(text.find_first_not_of(text[0]), text.size());
    return length >= kShortest ? length : 0;
  }

  char character_ = 0;
  std::size_t length_ = 0;  // of the fence that opened; 0: outside
};

struct Place {
  std::size_t at = 0;  // bytes
  int line = 0;        // from 1
  std::string_view why;
};

struct Places {
  std::vector<Place> counted;
  std::vector<Place> others;
};

Places Find(std::string_view text, std::string_view mark) {
  Places places;
  Fences fences;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    ++number;
    const bool is_code = fences.Holds(line);
    if (const std::size_t at = line.find(mark); at != std::string_view::npos) {
      const Place place{begin + at, number,
                        is_code ? "it stands in a code block" : "it is not alone on its line"};
      const bool counts = !is_code && Trimmed(line) == mark;
      (counts ? places.counted : places.others).push_back(place);
    }
    begin = end + 1;
  }
  return places;
}

std::string TellOthers(const Places& places) {
  if (places.others.empty()) return "";
  const Place& other = places.others.front();
  return " (that of line " + std::to_string(other.line) +
         " does not count: " + std::string(other.why) + ")";
}

// The only such mark.
Result<Place> FindOnce(std::string_view text, const std::string& mark, std::string_view file) {
  const Places places = Find(text, mark);
  if (places.counted.empty()) {
    return InvalidArgument(std::string(file) + ": the mark " + mark + " is missing" +
                           TellOthers(places) +
                           "; put it on a line of its own where the table belongs");
  }
  if (places.counted.size() == 1) return places.counted[0];
  return InvalidArgument(std::string(file) + ":" + std::to_string(places.counted[1].line) +
                         ": the mark " + mark + " stands here again, first in line " +
                         std::to_string(places.counted[0].line) + "; keep one of them");
}

}  // namespace

bool HasMarks(std::string_view text, std::string_view name) {
  return !Find(text, OpeningMark(name)).counted.empty() ||
         !Find(text, ClosingMark(name)).counted.empty();
}

std::string MarkThatDoesNotCount(std::string_view text, std::string_view name) {
  return TellOthers(Find(text, OpeningMark(name)));
}

Result<std::string> ReplaceMarked(std::string_view text, std::string_view name,
                                  std::string_view replacement, std::string_view file) {
  const std::string opening = OpeningMark(name);
  const std::string closing = ClosingMark(name);
  TUTTI_ASSIGN_OR_RETURN(const Place open, FindOnce(text, opening, file));
  TUTTI_ASSIGN_OR_RETURN(const Place close, FindOnce(text, closing, file));
  if (close.at < open.at) {
    return InvalidArgument(std::string(file) + ":" + std::to_string(close.line) + ": the mark " +
                           closing + " stands before " + opening + " (line " +
                           std::to_string(open.line) + ")");
  }
  const bool has_crlf = text.find("\r\n") != std::string_view::npos;
  std::string result(text.substr(0, open.at + opening.size()));
  for (const char c : "\n" + std::string(replacement)) {
    if (c == '\n' && has_crlf) result += '\r';
    result += c;
  }
  return result + std::string(text.substr(close.at));
}

}  // namespace tutti
