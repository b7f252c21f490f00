// What lies where in a coordinator's state folder, and in a backup of it.
#pragma once

#include <array>
#include <filesystem>
#include <string_view>

#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

inline constexpr std::string_view kDatabaseFile = "tutti.db";
inline constexpr std::string_view kBlobsFolder = "blobs";

// Beside the database and the blobs: what makes a coordinator the one that its workers and clients
// know. Some may be missing. All are secrets but the ports.
inline constexpr std::array<std::string_view, 8> kIdentityFiles = {
    "certificate.pem", "key.pem",    "port",        "http_port",
    "cookie.key",      "admin.json", "worker.json", "reader.json"};

// kFailedPrecondition: there is something in it already. OK where it is not there.
Status RequireEmptyFolder(FileSystem& files, const std::filesystem::path& folder);

// A folder that gets its name when all is in it: made beside `target` (0700), with what an earlier
// try left in it removed.
Result<std::filesystem::path> BeginFolder(FileSystem& files, const std::filesystem::path& target);
// Syncs it with all its folders, and names it. kFailedPrecondition: `target` cannot be replaced (it
// is a mount point, or somebody put something there).
Status FinishFolder(FileSystem& files, const std::filesystem::path& begun,
                    const std::filesystem::path& target);

Status CopyIdentity(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace tutti
