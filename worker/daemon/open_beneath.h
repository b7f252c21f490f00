// Opening a file that somebody else names, without leaving a folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

// Opens folder/path for reading, component by component: no part of `path` may be a link (`folder`
// itself may). what: the noun for messages, such as "artifact". kInvalidArgument: the path is
// absolute or climbs out, a part of it is a link, or it is no regular file. kNotFound: there is no
// such file.
Result<UniqueFd> OpenBeneath(const std::filesystem::path& folder, const std::string& path,
                             std::string_view what);

}  // namespace tutti
