// Text between marks in a file that people write: <!-- tutti:NAME --> … <!-- /tutti:NAME -->.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

// Whether one of the marks of this name is there.
bool HasMarks(std::string_view text, std::string_view name);

// `text` with what stands between the marks replaced; nothing else changes, line ends included.
// `file` is for messages. kInvalidArgument: a mark that is missing, there twice, or in the wrong
// order (with its line).
Result<std::string> ReplaceMarked(std::string_view text, std::string_view name,
                                  std::string_view replacement, std::string_view file);

}  // namespace tutti
