// What version 2 adds: which device an attempt ran on, and whether a worker is drained.
#pragma once

#include <string_view>

namespace tutti {

inline constexpr std::string_view kSchemaV2 = R"sql(
ALTER TABLE attempt ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE worker ADD COLUMN drained INTEGER NOT NULL DEFAULT 0;
)sql";

}  // namespace tutti
