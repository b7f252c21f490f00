#include "common/rpc/profile.h"

#include <cerrno>

#include <sys/stat.h>

#include "common/json.h"

namespace tutti {

Result<Profile> LoadProfile(FileSystem& files, const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return ErrnoError(errno, "profile " + path.string());
  if ((info.st_mode & 077) != 0) {
    return PermissionDenied("profile " + path.string() +
                            ": others on this machine can read it, and it holds a token; run "
                            "chmod 600 " +
                            path.string());
  }
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  return ParseProfile(text, "profile " + path.string());
}

Result<Profile> ParseProfile(const std::string& text, const std::string& what) {
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, what));
  Profile profile;
  TUTTI_ASSIGN_OR_RETURN(profile.address, Field<std::string>(json, "address", what));
  TUTTI_ASSIGN_OR_RETURN(profile.certificate, FieldOr<std::string>(json, "certificate", "", what));
  TUTTI_ASSIGN_OR_RETURN(profile.token, Field<std::string>(json, "token", what));
  TUTTI_ASSIGN_OR_RETURN(profile.role, Field<std::string>(json, "role", what));
  return profile;
}

Status SaveProfile(FileSystem& files, const std::filesystem::path& path, const Profile& profile) {
  const Json json = {{"address", profile.address},
                     {"certificate", profile.certificate},
                     {"token", profile.token},
                     {"role", profile.role}};
  return files.WriteFileAtomically(path, json.dump(2) + "\n", 0600);
}

}  // namespace tutti
