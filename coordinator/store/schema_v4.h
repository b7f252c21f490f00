// What version 4 adds: invites, which are tokens that grant another one until their time is over.
#pragma once

#include <string_view>

namespace tutti {

inline constexpr std::string_view kSchemaV4 = R"sql(
ALTER TABLE token ADD COLUMN grants TEXT;
ALTER TABLE token ADD COLUMN expires_at_ms INTEGER NOT NULL DEFAULT 0;
)sql";

}  // namespace tutti
