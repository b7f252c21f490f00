#include "coordinator/state_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/hash.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"

namespace tutti {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr unsigned kPrivateFolder = 0700;
constexpr unsigned kPrivateFile = 0600;
constexpr unsigned kPublicFile = 0644;

struct ProfileKind {
  const char* file;
  Role role;
};
constexpr std::array<ProfileKind, 3> kProfiles{
    {{"admin.json", Role::kAdmin}, {"worker.json", Role::kEnrol}, {"reader.json", Role::kReader}}};

}  // namespace

Result<std::unique_ptr<StateFolder>> StateFolder::Open(FileSystem& files,
                                                       const std::filesystem::path& path) {
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(path, kPrivateFolder));
  auto lock = files.Lock(path / "lock");
  if (!lock.ok() && lock.error().code == ErrorCode::kFailedPrecondition) {
    return FailedPrecondition("state folder " + path.string() +
                              ": another coordinator is running on it; end that one first, or "
                              "give another --state");
  }
  if (!lock.ok()) return Annotate(lock.error(), "state folder " + path.string());
  return std::unique_ptr<StateFolder>(new StateFolder(files, path, *std::move(lock)));
}

Result<CertificatePair> StateFolder::Certificate(UnixMillis now) {
  const auto certificate_path = path_ / "certificate.pem";
  const auto key_path = path_ / "key.pem";
  const bool has_certificate = files_.Exists(certificate_path);
  const bool has_key = files_.Exists(key_path);
  if (has_certificate != has_key) {
    const std::string there = (has_certificate ? certificate_path : key_path).string();
    const std::string missing = (has_certificate ? key_path : certificate_path).string();
    return FailedPrecondition(there + " lies there without " + missing +
                              ": lay its other half beside it, or move it away, and a new pair is "
                              "made, whose profiles workers and clients need");
  }
  if (has_certificate) {
    CertificatePair pair;
    TUTTI_ASSIGN_OR_RETURN(pair.certificate_pem, files_.ReadFile(certificate_path));
    TUTTI_ASSIGN_OR_RETURN(pair.key_pem, files_.ReadFile(key_path));
    const Status fits = CheckCertificatePair(pair, kCertificateName);
    if (!fits.ok()) return Annotate(fits.error(), path_.string());
    return pair;
  }
  TUTTI_ASSIGN_OR_RETURN(CertificatePair pair, MakeSelfSignedCertificate(kCertificateName, now));
  TUTTI_RETURN_IF_ERROR(files_.WriteFileAtomically(key_path, pair.key_pem, kPrivateFile));
  TUTTI_RETURN_IF_ERROR(
      files_.WriteFileAtomically(certificate_path, pair.certificate_pem, kPublicFile));
  return pair;
}

int StateFolder::ReadPort(const char* file) {
  const auto text = files_.ReadFile(path_ / file);
  int port = 0;
  if (text.ok()) std::from_chars(text->data(), text->data() + text->size(), port);
  return port > 0 && port < 65'536 ? port : 0;
}

Status StateFolder::WritePort(const char* file, int port) {
  return files_.WriteFileAtomically(path_ / file, std::to_string(port) + "\n", kPublicFile);
}

Result<std::string> StateFolder::CookieKeyHex(RandomSource& random) {
  const auto path = path_ / "cookie.key";
  if (files_.Exists(path)) return files_.ReadFile(path);
  const std::string key = random.Hex(kTokenBytes);
  TUTTI_RETURN_IF_ERROR(files_.WriteFileAtomically(path, key, kPrivateFile));
  return key;
}

// Of a profile of the folder; empty: there is none. Its mode does not matter, as it is written
// privately again: a token that changed because somebody lent the folder to a group would lock
// every worker out.
std::string StateFolder::TokenOf(const char* file) {
  const auto path = path_ / file;
  const auto text = files_.ReadFile(path);
  if (!text.ok()) return "";
  const auto profile = ParseProfile(*text, path.string());
  if (!profile.ok()) return "";
  if (const auto loaded = LoadProfile(files_, path);
      !loaded.ok() && loaded.error().code == ErrorCode::kPermissionDenied) {
    spdlog::warn(
        "{}: others could read it; it is private again. If somebody may have its token: stop the "
        "coordinator, remove the file, and start it, which makes a new one",
        path.string());
  }
  return profile->token;
}

Changes StateFolder::ChooseTokens(const std::vector<TokenRecord>& known, RandomSource& random,
                                  UnixMillis now) {
  Changes changes;
  for (const ProfileKind& kind : kProfiles) {
    const std::string name(Name(kind.role));  // nobody else's token can have it
    std::vector<std::string> ours;            // hashes
    for (const TokenRecord& row : known) {
      if (row.role == kind.role && row.name == name && !row.worker) ours.push_back(row.token_hash);
    }
    std::string& token = tokens_[kind.role];
    token = TokenOf(kind.file);
    const bool is_known = !token.empty() && std::ranges::find(ours, Sha256Hex(token)) != ours.end();
    if (!is_known) token = random.Hex(kTokenBytes);
    const std::string hash = Sha256Hex(token);
    for (const std::string& other : ours) {
      if (other != hash) changes.push_back(RemoveToken{other});
    }
    if (!is_known) changes.push_back(PutToken{{hash, kind.role, name, std::nullopt, now}});
  }
  return changes;
}

Status StateFolder::WriteProfiles(const std::string& address, const std::string& certificate_pem) {
  for (const ProfileKind& kind : kProfiles) {
    const Profile profile{address, certificate_pem, tokens_[kind.role],
                          std::string(Name(kind.role))};
    TUTTI_RETURN_IF_ERROR(SaveProfile(files_, path_ / kind.file, profile));
  }
  return {};
}

}  // namespace tutti
