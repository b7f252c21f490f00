#include "worker/daemon/runner_ledger.h"

#include <charconv>
#include <csignal>
#include <vector>

#include <spdlog/spdlog.h>

#include "common/json.h"

namespace tutti {
namespace {

struct ProcessStat {
  pid_t group = 0;
  std::uint64_t start_time = 0;
};

// Fields of /proc/<pid>/stat after the name, which may hold anything, even ")": 1 is the state.
constexpr std::size_t kGroupField = 3;
constexpr std::size_t kStartTimeField = 20;

std::optional<ProcessStat> StatOf(const std::string& pid) {
  PosixFileSystem files;
  const auto text = files.ReadFile("/proc/" + pid + "/stat");
  if (!text.ok()) return std::nullopt;
  std::size_t at = text->rfind(')');
  if (at == std::string::npos) return std::nullopt;
  std::vector<std::string> fields;
  while (fields.size() <= kStartTimeField && at != std::string::npos) {
    const std::size_t end = text->find(' ', at + 1);
    fields.push_back(text->substr(at + 1, end == std::string::npos ? end : end - at - 1));
    at = end;
  }
  if (fields.size() <= kStartTimeField) return std::nullopt;
  ProcessStat stat;
  const auto parse = [](const std::string& field, auto& value) {
    return std::from_chars(field.data(), field.data() + field.size(), value).ec == std::errc{};
  };
  if (!parse(fields[kGroupField], stat.group) || !parse(fields[kStartTimeField], stat.start_time)) {
    return std::nullopt;
  }
  return stat;
}

bool HasMark(const std::string& pid, const std::string& mark) {
  PosixFileSystem files;
  const auto environment = files.ReadFile("/proc/" + pid + "/environ");
  const std::string wanted = std::string(kRunnerMarkVariable) + "=" + mark;
  return environment.ok() && environment->find(wanted) != std::string::npos;
}

struct Entry {
  pid_t pid = 0;
  std::uint64_t start_time = 0;
  std::string mark;
};

Result<Entry> ReadEntry(FileSystem& files, const std::filesystem::path& path) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, path.string()));
  TUTTI_ASSIGN_OR_RETURN(const auto pid, Field<std::int64_t>(json, "pid", path.string()));
  TUTTI_ASSIGN_OR_RETURN(const auto start, Field<std::int64_t>(json, "start_time", path.string()));
  TUTTI_ASSIGN_OR_RETURN(const auto mark, Field<std::string>(json, "mark", path.string()));
  if (pid <= 1 || mark.empty()) return InvalidArgument(path.string() + ": no entry of a runner");
  return Entry{static_cast<pid_t>(pid), static_cast<std::uint64_t>(start), mark};
}

bool IsAlive(FileSystem& files, const Entry& entry) {
  const auto processes = files.ListDirectory("/proc");
  if (!processes.ok()) return false;
  for (const std::string& name : *processes) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto stat = StatOf(name);
    if (!stat || stat->group != entry.pid) continue;
    const bool leader = name == std::to_string(entry.pid);
    if ((leader && stat->start_time == entry.start_time) || HasMark(name, entry.mark)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::uint64_t> StartTimeOf(pid_t pid) {
  const auto stat = StatOf(std::to_string(pid));
  if (!stat) return std::nullopt;
  return stat->start_time;
}

Result<RunnerLedger> RunnerLedger::Open(FileSystem& files, RandomSource& random,
                                        std::filesystem::path folder) {
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(folder, 0700));
  RunnerLedger ledger(files, std::move(folder), random.Hex(16));
  TUTTI_RETURN_IF_ERROR(ledger.EndLeftovers());
  return ledger;
}

Status RunnerLedger::EndLeftovers() {
  TUTTI_ASSIGN_OR_RETURN(const auto names, files_->ListDirectory(folder_));
  for (const std::string& name : names) {
    const std::filesystem::path path = folder_ / name;
    const auto entry = ReadEntry(*files_, path);
    if (!entry.ok()) {
      spdlog::warn("{}", entry.error().message);
    } else if (IsAlive(*files_, *entry)) {
      spdlog::warn("a runner of an earlier daemon still lives: ending process group {}",
                   entry->pid);
      ::kill(-entry->pid, SIGKILL);
      ++ended_;
    }
    TUTTI_RETURN_IF_ERROR(files_->Remove(path));
  }
  return {};
}

std::filesystem::path RunnerLedger::PathOf(pid_t pid) const {
  return folder_ / (std::to_string(pid) + ".json");
}

Status RunnerLedger::Add(pid_t pid) {
  const Json entry = {{"pid", pid}, {"start_time", StartTimeOf(pid).value_or(0)}, {"mark", mark_}};
  return files_->WriteFileAtomically(PathOf(pid), DumpJson(entry) + "\n", 0600);
}

void RunnerLedger::Remove(pid_t pid) {
  if (const Status removed = files_->Remove(PathOf(pid)); !removed.ok()) {
    spdlog::warn("{}", removed.error().message);
  }
}

}  // namespace tutti
