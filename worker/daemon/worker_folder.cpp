#include "worker/daemon/worker_folder.h"

#include <charconv>
#include <string_view>
#include <system_error>

namespace tutti {
namespace {

constexpr std::size_t kUuidLength = 36;
constexpr std::size_t kUuidDash = 8;
constexpr std::size_t kTokenBytes = 32;

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

bool LooksLikeUuid(const std::string& text) {
  return text.size() == kUuidLength && text[kUuidDash] == '-' &&
         text.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

}  // namespace

Result<WorkerFolder> WorkerFolder::Open(FileSystem& files, RandomSource& random,
                                        const std::filesystem::path& folder) {
  const std::filesystem::path absolute = std::filesystem::absolute(folder);
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(absolute, 0700));
  auto lock = files.Lock(absolute / "lock");
  if (!lock.ok()) {
    return Annotate(lock.error(),
                    "worker folder " + absolute.string() +
                        " (is another tutti-worker running in it? each needs its own)");
  }
  WorkerFolder opened(files, absolute, *std::move(lock));
  TUTTI_RETURN_IF_ERROR(opened.LoadIdentity(random));
  TUTTI_RETURN_IF_ERROR(opened.LoadSession());
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(opened.jobs(), 0700));
  return opened;
}

Status WorkerFolder::LoadIdentity(RandomSource& random) {
  const std::filesystem::path path = folder_ / "identity";
  if (!files_->Exists(path)) {
    worker_id_ = MakeUuid(random);
    return files_->WriteFileAtomically(path, worker_id_ + "\n", 0600);
  }
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files_->ReadFile(path));
  worker_id_ = FirstLine(text);
  if (LooksLikeUuid(worker_id_)) return {};
  return DataLoss(path.string() + ": expected a UUID, got \"" + worker_id_ +
                  "\"; remove the whole folder to start as a new worker");
}

Status WorkerFolder::LoadSession() {
  const std::filesystem::path path = folder_ / "session";
  if (!files_->Exists(path)) return {};
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files_->ReadFile(path));
  const std::string line = FirstLine(text);
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), session_);
  if (error == std::errc{} && end == line.data() + line.size() && session_ >= 0) return {};
  return DataLoss(path.string() + ": expected a number, got \"" + line + "\"");
}

Result<std::optional<std::string>> WorkerFolder::Token() const {
  if (!files_->Exists(token_file())) return std::optional<std::string>();
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files_->ReadFile(token_file()));
  return std::optional<std::string>(FirstLine(text));
}

Result<std::string> WorkerFolder::TokenToAskFor(RandomSource& random) {
  if (files_->Exists(asked_token_file())) {
    TUTTI_ASSIGN_OR_RETURN(const std::string text, files_->ReadFile(asked_token_file()));
    if (FirstLine(text).size() == 2 * kTokenBytes) return FirstLine(text);
  }
  const std::string token = random.Hex(kTokenBytes);
  TUTTI_RETURN_IF_ERROR(files_->WriteFileAtomically(asked_token_file(), token + "\n", 0600));
  return token;
}

Status WorkerFolder::StoreToken(const std::string& token) {
  TUTTI_RETURN_IF_ERROR(files_->WriteFileAtomically(token_file(), token + "\n", 0600));
  std::error_code ignored;  // it is good for nothing any more, or the same
  std::filesystem::remove(asked_token_file(), ignored);
  return {};
}

Result<std::int64_t> WorkerFolder::NextSession() {
  TUTTI_RETURN_IF_ERROR(
      files_->WriteFileAtomically(folder_ / "session", std::to_string(session_ + 1) + "\n", 0600));
  return ++session_;
}

}  // namespace tutti
