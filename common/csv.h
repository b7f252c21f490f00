// Small tables of two columns, as people write them by hand: "path,group".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace tutti {

// The rows after the header line, which must be exactly `header`; a quoted field may hold commas
// and doubled quotes. kInvalidArgument with `file` and line: another header, a line without exactly
// two fields or not in UTF-8, a first field twice.
Result<std::vector<std::pair<std::string, std::string>>> ParseTwoColumns(std::string_view text,
                                                                         std::string_view header,
                                                                         const std::string& file);

}  // namespace tutti
