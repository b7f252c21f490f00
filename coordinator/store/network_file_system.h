// Whether a folder lies on a file system that other machines may share: there SQLite's log and
// locks cannot be relied upon.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

// kFailedPrecondition: `folder` lies on a network file system, or on one of FUSE that is not known
// to be local. kNotFound: no such folder.
Status RefuseNetworkFileSystem(const std::filesystem::path& folder);

// "NFS", "SMB", …; nothing for a local one. `magic`: f_type of statfs(2). `mount_type`: the mount's
// type as in mountinfo ("fuse.sshfs"), which alone tells one FUSE file system from another.
std::optional<std::string> NetworkFileSystemName(std::int64_t magic, std::string_view mount_type);

// The type of the mount of device major:minor in the text of /proc/self/mountinfo; empty when it is
// not there. Source: proc(5).
std::string MountType(std::string_view mountinfo, unsigned major, unsigned minor);

}  // namespace tutti
