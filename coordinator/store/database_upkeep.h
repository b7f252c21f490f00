// A database file as a whole: a copy of it while it is in use, and what is wrong with it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tutti {

// One committed state of the database `from`, also while a coordinator writes it, in a new file
// `to` (0600), synced. The folder of `to` is not. kNotFound: no such database. kAlreadyExists: `to`
// is there.
Status CopyDatabase(const std::filesystem::path& from, const std::filesystem::path& to);

// What SQLite finds broken in it (pages, indexes, constraints, references), one line each, at most
// kMaxDatabaseFindings; empty when all is well. Errors: it cannot be looked at.
inline constexpr int kMaxDatabaseFindings = 100;
Result<std::vector<std::string>> FindDatabaseDamage(const std::filesystem::path& path);

// Rows that name the blob, for people: "result of job 7 (best)", "resume file of job 8". Reads
// every result.
Result<std::vector<std::string>> RowsNaming(const std::filesystem::path& path,
                                            std::string_view blob_hash);

}  // namespace tutti
