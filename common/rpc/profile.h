// A profile: all that a client or a worker needs to reach one coordinator, in one private JSON
// file.
#pragma once

#include <filesystem>
#include <string>

#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

struct Profile {
  std::string address;      // "host:port", or "unix:/path/of/socket" (tutti local only)
  std::string certificate;  // PEM, pinned: the only one that is trusted; empty for a unix socket
  std::string token;
  std::string role;  // "admin", "reader", "enrol"

  friend bool operator==(const Profile&, const Profile&) = default;
};

// kNotFound: no such file. kPermissionDenied: others can read it (the remedy, chmod 600, is in the
// message). kInvalidArgument: not a profile.
Result<Profile> LoadProfile(FileSystem& files, const std::filesystem::path& path);

// `what` names it in errors. kInvalidArgument: not a profile.
Result<Profile> ParseProfile(const std::string& text, const std::string& what);

// Mode 0600, atomically.
Status SaveProfile(FileSystem& files, const std::filesystem::path& path, const Profile& profile);

}  // namespace tutti
