#include "worker/daemon/spool.h"

#include <string>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/check.h"
#include "common/hash.h"

namespace tutti {
namespace {

constexpr std::string_view kEnding = ".events";
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kHeadBytes = kLengthBytes + kCheckBytes;

std::string Check(std::string_view payload) {
  return Sha256Hex(payload).substr(0, kCheckBytes);
}

std::string Record(const v1::AttemptEvent& event) {
  const std::string payload = event.SerializeAsString();
  std::string record;
  record.reserve(kHeadBytes + payload.size());
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    record.push_back(static_cast<char>((payload.size() >> (8 * i)) & 0xff));
  }
  return record + Check(payload) + payload;
}

std::uint32_t ReadLength(std::string_view bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return length;
}

// Takes the next whole record off the front of `bytes`; false at the end or at a broken one.
bool TakeRecord(std::string_view& bytes, v1::AttemptEvent& event) {
  if (bytes.size() < kHeadBytes) return false;
  const std::uint32_t length = ReadLength(bytes);
  if (length == 0 || length > kMaxSpoolRecordBytes || bytes.size() - kHeadBytes < length) {
    return false;
  }
  const std::string_view payload = bytes.substr(kHeadBytes, length);
  if (bytes.substr(kLengthBytes, kCheckBytes) != Check(payload)) return false;
  if (!event.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return false;
  bytes.remove_prefix(kHeadBytes + length);
  return true;
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::Open(FileSystem& files, std::filesystem::path folder) {
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(folder, 0700));
  std::unique_ptr<Spool> spool(new Spool(files, std::move(folder)));
  TUTTI_ASSIGN_OR_RETURN(const auto names, files.ListDirectory(spool->folder_));
  for (const std::string& name : names) {
    const bool ours = name.ends_with(kEnding);
    const auto attempt =
        ParseFileName(std::string_view(name).substr(0, ours ? name.size() - kEnding.size() : 0));
    if (attempt) {
      TUTTI_RETURN_IF_ERROR(spool->Recover(*attempt));
    } else {
      spdlog::warn("spool: {} is no file of events; left alone", (spool->folder_ / name).string());
    }
  }
  return spool;
}

Status Spool::Recover(const AttemptId& attempt) {
  const std::filesystem::path path = PathOf(attempt);
  TUTTI_ASSIGN_OR_RETURN(const std::string contents, files_.ReadFile(path));
  std::string_view rest = contents;
  Recovered recovered{attempt, {}};
  std::size_t whole = 0;
  for (v1::AttemptEvent event; TakeRecord(rest, event); whole = contents.size() - rest.size()) {
    const auto expected = static_cast<std::int64_t>(recovered.events.size()) + 1;
    if (ToAttemptId(event.attempt()) != attempt || event.sequence() != expected) break;
    recovered.events.push_back(std::move(event));
  }
  if (whole < contents.size()) {
    spdlog::warn("spool: {} ends in {} bytes that are no whole event; cut off", path.string(),
                 contents.size() - whole);
    TUTTI_RETURN_IF_ERROR(
        files_.WriteFileAtomically(path, std::string_view(contents).substr(0, whole), 0600));
  }
  recovered_.push_back(std::move(recovered));
  return {};
}

std::filesystem::path Spool::PathOf(const AttemptId& attempt) const {
  return folder_ / (FileName(attempt) + std::string(kEnding));
}

Status Spool::Append(const v1::AttemptEvent& event, Durability durability) {
  const AttemptId attempt = ToAttemptId(event.attempt());
  auto found = open_.find(attempt);
  if (found == open_.end()) {
    const std::filesystem::path path = PathOf(attempt);
    File opened;
    TUTTI_ASSIGN_OR_RETURN(opened.file, files_.OpenForAppend(path));
    TUTTI_ASSIGN_OR_RETURN(opened.bytes, files_.FileSize(path));
    found = open_.emplace(attempt, std::move(opened)).first;
  }
  File& file = found->second;
  const std::string record = Record(event);
  if (durability == Durability::kProcess && file.bytes + record.size() > kMaxSpoolFileBytes) {
    return FailedPrecondition("spool of " + Describe(attempt) + ": more than " +
                              std::to_string(kMaxSpoolFileBytes) + " bytes");
  }
  TUTTI_RETURN_IF_ERROR(file.file->Append(record));
  file.bytes += record.size();
  return durability == Durability::kPowerLoss ? SyncOf({attempt})() : Status();
}

std::function<Status()> Spool::SyncOf(const std::vector<AttemptId>& attempts) {
  std::vector<std::shared_ptr<AppendFile>> written;
  for (const AttemptId& attempt : attempts) {
    const auto found = open_.find(attempt);
    TUTTI_CHECK(found != open_.end(), "something was appended");
    written.push_back(found->second.file);
  }
  return [&files = files_, folder = folder_, written = std::move(written)]() -> Status {
    for (const auto& file : written) TUTTI_RETURN_IF_ERROR(file->Sync());
    return files.SyncDirectory(folder);
  };
}

Status Spool::Rewrite(const AttemptId& attempt, const std::vector<v1::AttemptEvent>& events) {
  open_.erase(attempt);  // the file of that name will be another one
  std::string contents;
  for (const v1::AttemptEvent& event : events) contents += Record(event);
  return files_.WriteFileAtomically(PathOf(attempt), contents, 0600);
}

std::function<Status()> Spool::ForgetLater(const AttemptId& attempt) {
  std::shared_ptr<AppendFile> file;
  if (const auto found = open_.extract(attempt)) file = std::move(found.mapped().file);
  return [&files = files_, path = PathOf(attempt), file]() mutable {
    file.reset();
    return files.Remove(path);
  };
}

}  // namespace tutti
