// Sizes as people type them: "20GB", "512MB", "1.5TiB", "0".
#pragma once

#include <cstdint>
#include <string_view>

#include "common/result.h"

namespace tutti {

// Bytes: a whole or decimal number and a unit, in any case. B, KB, MB, GB, TB are powers of 1000,
// KiB, MiB, GiB, TiB of 1024; "0" needs none. Range: 0 to 1000 TB.
// kInvalidArgument: anything else.
Result<std::uint64_t> ParseByteSize(std::string_view text);

}  // namespace tutti
