// Everything that is kept, looked at: the database, the blobs that it names, the core's invariants.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

// One thing that is wrong, for people.
struct Finding {
  std::string what;      // "a blob is missing"
  std::string where;     // file or row
  std::string expected;  // empty: said by `what`
  std::string got;       // likewise
  std::string remedy;
};
// "what: where: expected …, got …: remedy".
std::string Describe(const Finding& finding);

struct StateCheck {
  std::vector<Finding> findings;
  std::int64_t findings_left_out = 0;  // beyond kMaxFindings
  std::int64_t blobs = 0;              // looked at, byte by byte
  std::int64_t blob_bytes = 0;
};

inline constexpr std::size_t kMaxFindings = 200;

// folder: a state folder, whose coordinator may run, or a backup. Nothing is changed. Errors: it
// cannot be looked at at all (kNotFound: there is no state; kFailedPrecondition: another
// version's).
Result<StateCheck> CheckState(FileSystem& files, const Clock& clock,
                              const std::filesystem::path& folder);

}  // namespace tutti
