// The coordinator's folder: who may use it, what lies where, and the profiles that it hands out.
//
//   tutti.db  blobs/  certificate.pem  key.pem  cookie.key  port  http_port
//   tls/  admin.json  worker.json  reader.json  notified.json  lock
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/random.h"
#include "common/result.h"
#include "coordinator/certificate.h"
#include "coordinator/core/changes.h"

namespace tutti {

class StateFolder {
 public:
  // Makes the folder (0700) where it is missing, and locks it until this object is gone.
  // kFailedPrecondition: another coordinator uses it. kPermissionDenied: it cannot be written.
  static Result<std::unique_ptr<StateFolder>> Open(FileSystem& files,
                                                   const std::filesystem::path& path);

  std::filesystem::path database() const { return path_ / "tutti.db"; }
  std::filesystem::path blobs() const { return path_ / "blobs"; }
  std::filesystem::path served_certificate() const { return path_ / "tls"; }
  std::filesystem::path admin_profile() const { return path_ / "admin.json"; }
  std::filesystem::path notified() const { return path_ / "notified.json"; }

  // The one in the folder, else a new one, kept there. kInvalidArgument: what lies there is no
  // pair that can be served. kFailedPrecondition: only one of its two files is there; nothing of
  // the user's is written over.
  Result<CertificatePair> Certificate(UnixMillis now);

  // The ports of the last start, of gRPC and of the pages; 0: none.
  int RememberedPort() { return ReadPort("port"); }
  Status RememberPort(int port) { return WritePort("port", port); }
  int RememberedHttpPort() { return ReadPort("http_port"); }
  Status RememberHttpPort(int port) { return WritePort("http_port", port); }

  // 32 secret bytes as hex digits, which seal the cookies of logins; made at the first call.
  Result<std::string> CookieKeyHex(RandomSource& random);

  // The tokens of the three profiles: each stays what the profile file says if `known` still has
  // its hash. Else it is made anew, and the one before ends: so who removes the file takes the
  // token from all who have a copy. What is returned is to be stored before anyone can connect.
  Changes ChooseTokens(const std::vector<TokenRecord>& known, RandomSource& random, UnixMillis now);
  // Writes admin.json, worker.json and reader.json for this address, with the tokens chosen.
  Status WriteProfiles(const std::string& address, const std::string& certificate_pem);

 private:
  std::string TokenOf(const char* file);
  int ReadPort(const char* file);
  Status WritePort(const char* file, int port);
  StateFolder(FileSystem& files, std::filesystem::path path, std::unique_ptr<FileLock> lock)
      : files_(files), path_(std::move(path)), lock_(std::move(lock)) {}

  FileSystem& files_;
  std::filesystem::path path_;
  std::unique_ptr<FileLock> lock_;
  std::map<Role, std::string> tokens_;
};

}  // namespace tutti
