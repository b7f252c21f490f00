// What version 3 adds: when an artifact's blob was given up by retention; 0: it is kept.
#pragma once

#include <string_view>

namespace tutti {

inline constexpr std::string_view kSchemaV3 = R"sql(
ALTER TABLE result_artifact ADD COLUMN removed_at_ms INTEGER NOT NULL DEFAULT 0;
)sql";

}  // namespace tutti
