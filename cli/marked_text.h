// Text between marks in a file that people write: <!-- tutti:NAME --> … <!-- /tutti:NAME -->.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

// A mark counts where it stands alone on its line and outside of fenced code blocks (``` or ~~~):
// elsewhere a text only speaks of it.

// Whether one of the marks of this name is there and counts.
bool HasMarks(std::string_view text, std::string_view name);

// " (that of line 57 does not count: it stands in a code block)", for messages; empty where the
// text does not speak of the mark that opens.
std::string MarkThatDoesNotCount(std::string_view text, std::string_view name);

// `text` with what stands between the marks replaced; nothing else changes, line ends included.
// `file` is for messages. kInvalidArgument: a mark that is missing, there twice, or in the wrong
// order (with its line).
Result<std::string> ReplaceMarked(std::string_view text, std::string_view name,
                                  std::string_view replacement, std::string_view file);

}  // namespace tutti
