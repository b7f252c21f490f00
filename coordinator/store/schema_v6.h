// What version 6 takes away: the index over the keys of runs. Nothing is searched by it, and keys
// are hashes: each of a million new runs wrote a page of it at random. That a key is there once in
// its sweep the core sees to, and its invariants say.
#pragma once

#include <string_view>

namespace tutti {

inline constexpr std::string_view kSchemaV6 = R"sql(
DROP INDEX job_by_run_key;
)sql";

}  // namespace tutti
