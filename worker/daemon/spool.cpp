#include "worker/daemon/spool.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
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

// "7.events"; a daemon of before wrote "<job>-<attempt>.events".
std::optional<std::int64_t> NumberOf(std::string_view name) {
  if (!name.ends_with(kEnding)) return std::nullopt;
  name.remove_suffix(kEnding.size());
  if (ParseFileName(name)) return 0;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_number = error == std::errc{} && number > 0 && std::to_string(number) == name;
  return is_number ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Spool>> Spool::Open(FileSystem& files, std::filesystem::path folder) {
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(folder, 0700));
  std::unique_ptr<Spool> spool(new Spool(files, std::move(folder)));
  TUTTI_ASSIGN_OR_RETURN(const auto names, files.ListDirectory(spool->folder_));
  for (const std::string& name : names) {
    if (const auto number = NumberOf(name)) {
      spool->last_number_ = std::max(spool->last_number_, *number);
      TUTTI_RETURN_IF_ERROR(spool->Recover(name));
    } else {
      spdlog::warn("spool: {} is no file of events; left alone", (spool->folder_ / name).string());
    }
  }
  std::ranges::sort(spool->recovered_, {}, &Recovered::attempt);
  return spool;
}

Status Spool::Recover(const std::string& name) {
  const std::filesystem::path path = folder_ / name;
  TUTTI_ASSIGN_OR_RETURN(const std::string contents, files_.ReadFile(path));
  std::string_view rest = contents;
  Recovered recovered;
  std::size_t whole = 0;
  for (v1::AttemptEvent event; TakeRecord(rest, event); whole = contents.size() - rest.size()) {
    const AttemptId attempt = ToAttemptId(event.attempt());
    if (recovered.events.empty()) recovered.attempt = attempt;
    const auto expected = static_cast<std::int64_t>(recovered.events.size()) + 1;
    if (attempt != recovered.attempt || event.sequence() != expected) break;
    recovered.events.push_back(std::move(event));
  }
  if (whole < contents.size()) {
    spdlog::warn("spool: {} ends in {} bytes that are no whole event; cut off", path.string(),
                 contents.size() - whole);
    if (whole > 0) {
      TUTTI_RETURN_IF_ERROR(
          files_.WriteFileAtomically(path, std::string_view(contents).substr(0, whole), 0600));
    }
  }
  // Nothing in it, or what another file tells as well: a disk may bring an emptied file back.
  if (recovered.events.empty() || used_.contains(recovered.attempt)) return files_.Remove(path);
  used_[recovered.attempt] = {.name = name, .bytes = whole};
  recovered_.push_back(std::move(recovered));
  return {};
}

Spool::File& Spool::FileOf(const AttemptId& attempt) {
  const auto found = used_.find(attempt);
  if (found != used_.end()) return found->second;
  if (spare_.empty()) {
    spare_.push_back({.name = std::to_string(++last_number_) + std::string(kEnding)});
  }
  File& file = used_[attempt] = std::move(spare_.back());
  spare_.pop_back();
  return file;
}

Status Spool::Append(const v1::AttemptEvent& event, Durability durability) {
  const AttemptId attempt = ToAttemptId(event.attempt());
  File& file = FileOf(attempt);
  if (!file.open) {
    TUTTI_ASSIGN_OR_RETURN(file.open, files_.OpenForAppend(folder_ / file.name));
  }
  const std::string record = Record(event);
  if (durability == Durability::kProcess && file.bytes + record.size() > kMaxSpoolFileBytes) {
    return FailedPrecondition("spool of " + Describe(attempt) + ": more than " +
                              std::to_string(kMaxSpoolFileBytes) + " bytes");
  }
  TUTTI_RETURN_IF_ERROR(file.open->Append(record));
  file.bytes += record.size();
  return durability == Durability::kPowerLoss ? SyncOf({attempt})() : Status();
}

std::function<Status()> Spool::SyncOf(const std::vector<AttemptId>& attempts) {
  std::vector<std::shared_ptr<AppendFile>> written;
  for (const AttemptId& attempt : attempts) {
    const auto found = used_.find(attempt);
    TUTTI_CHECK(found != used_.end() && found->second.open, "something was appended");
    written.push_back(found->second.open);
  }
  return [&files = files_, folder = folder_, written = std::move(written)]() -> Status {
    for (const auto& file : written) TUTTI_RETURN_IF_ERROR(file->Sync());
    return files.SyncDirectory(folder);
  };
}

Status Spool::Rewrite(const AttemptId& attempt, const std::vector<v1::AttemptEvent>& events) {
  File& file = FileOf(attempt);
  file.open.reset();  // the file of that name will be another one
  std::string contents;
  for (const v1::AttemptEvent& event : events) contents += Record(event);
  file.bytes = contents.size();
  return files_.WriteFileAtomically(folder_ / file.name, contents, 0600);
}

std::function<Status()> Spool::Forget(const AttemptId& attempt) {
  auto found = used_.extract(attempt);
  if (!found) return {};
  File file = std::move(found.mapped());
  // One that is just being synced is left to that.
  const bool reusable = file.open && file.open.use_count() == 1 &&
                        file.bytes <= kMaxSpareSpoolBytes && spare_.size() < kMaxSpareSpoolFiles;
  if (reusable && file.open->Truncate().ok()) {
    file.bytes = 0;
    spare_.push_back(std::move(file));
    return {};
  }
  return [&files = files_, path = folder_ / file.name, open = std::move(file.open)]() mutable {
    open.reset();
    return files.Remove(path);
  };
}

}  // namespace tutti
