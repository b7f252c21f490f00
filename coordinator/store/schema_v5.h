// What version 5 adds: sweeps that are being expanded, with what is to be undone when that breaks
// off.
#pragma once

#include <string_view>

namespace tutti {

inline constexpr std::string_view kSchemaV5 = R"sql(
ALTER TABLE sweep ADD COLUMN expanding_after INTEGER;
ALTER TABLE sweep ADD COLUMN expanding_from TEXT;
)sql";

}  // namespace tutti
