#include "worker/daemon/runner_ledger.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/json.h"
#include "worker/daemon/process_table.h"

namespace tutti {
namespace {

// Each round ends what the one before has brought up.
constexpr int kLeftoverRounds = 20;

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

struct Leftovers {
  std::vector<Entry> runners;
  std::vector<std::string> marks;

  bool IsRunner(const ProcessEntry& process) const {
    return std::ranges::any_of(runners, [&](const Entry& entry) {
      return entry.pid == process.pid && entry.start_time == process.start_time;
    });
  }
  bool IsMarked(const ProcessEntry& process) const {
    return std::ranges::any_of(marks, [&](const std::string& mark) {
      return StartedWith(process.pid, std::string(kRunnerMarkVariable) + "=" + mark);
    });
  }
};

// How many there were.
int EndAll(const Leftovers& leftovers) {
  const std::vector<ProcessEntry> all = AllProcesses();
  std::set<pid_t> groups;  // whose leader is a runner of ours
  for (const ProcessEntry& process : all) {
    if (leftovers.IsRunner(process)) groups.insert(process.pid);
  }
  std::vector<UniqueFd> ending;
  for (const ProcessEntry& process : all) {
    if (process.ended || process.pid == ::getpid()) continue;
    if (!groups.contains(process.group) && !leftovers.IsMarked(process)) continue;
    spdlog::warn("process {} of an earlier daemon's runner still lives: ending it", process.pid);
    if (UniqueFd handle = EndProcess(process); handle.valid()) ending.push_back(std::move(handle));
  }
  if (!WaitForEnd(ending, kLeftoverEndLimit)) {
    spdlog::warn("a process of an earlier daemon's runner does not end");
  }
  return static_cast<int>(ending.size());
}

}  // namespace

std::optional<std::uint64_t> StartTimeOf(pid_t pid) {
  const auto process = FindProcess(pid);
  if (!process) return std::nullopt;
  return process->start_time;
}

Result<RunnerLedger> RunnerLedger::Open(FileSystem& files, RandomSource& random,
                                        std::filesystem::path folder) {
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(folder, 0700));
  RunnerLedger ledger(files, std::move(folder), random.Hex(16));
  TUTTI_RETURN_IF_ERROR(ledger.EndLeftovers());
  TUTTI_RETURN_IF_ERROR(files.WriteFileAtomically(ledger.MarkFile(), ledger.mark_ + "\n", 0600));
  return ledger;
}

Status RunnerLedger::EndLeftovers() {
  TUTTI_ASSIGN_OR_RETURN(const auto names, files_->ListDirectory(folder_));
  Leftovers leftovers;
  std::vector<std::filesystem::path> entries;
  if (files_->Exists(MarkFile())) {
    TUTTI_ASSIGN_OR_RETURN(const std::string text, files_->ReadFile(MarkFile()));
    leftovers.marks.push_back(text.substr(0, text.find('\n')));
  }
  for (const std::string& name : names) {
    const std::filesystem::path& path = entries.emplace_back(folder_ / name);
    const auto entry = ReadEntry(*files_, path);
    if (!entry.ok()) {
      spdlog::warn("{}", entry.error().message);
      continue;
    }
    leftovers.runners.push_back(*entry);
    leftovers.marks.push_back(entry->mark);
  }
  std::ranges::sort(leftovers.marks);
  const auto repeated = std::ranges::unique(leftovers.marks);
  leftovers.marks.erase(repeated.begin(), repeated.end());
  for (int round = 0; round < kLeftoverRounds && !leftovers.marks.empty(); ++round) {
    const int ended = EndAll(leftovers);
    if (ended == 0) break;
    ended_ += ended;
  }
  for (const std::filesystem::path& path : entries) TUTTI_RETURN_IF_ERROR(files_->Remove(path));
  earlier_marks_ = std::move(leftovers.marks);
  return {};
}

std::filesystem::path RunnerLedger::MarkFile() const {
  return folder_.string() + ".mark";
}

std::filesystem::path RunnerLedger::PathOf(pid_t pid) const {
  return folder_ / (std::to_string(pid) + ".json");
}

Status RunnerLedger::Add(pid_t pid) {
  runners_.insert(pid);
  entered_.insert(pid);
  const Json entry = {{"pid", pid}, {"start_time", StartTimeOf(pid).value_or(0)}, {"mark", mark_}};
  // For the next daemon, not for the time after a power loss: then there is no such process.
  TUTTI_ASSIGN_OR_RETURN(const auto file, files_->OpenForAppend(PathOf(pid)));
  return file->Append(DumpJson(entry) + "\n");
}

void RunnerLedger::Remove(pid_t pid) {
  runners_.erase(pid);
  if (entered_.erase(pid) == 0) return;
  if (const Status removed = files_->Remove(PathOf(pid)); !removed.ok()) {
    spdlog::warn("{}", removed.error().message);
  }
}

Status RunnerLedger::AdoptOrphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return ErrnoError(errno, "adopt orphans");
  adopts_ = true;
  return {};
}

std::size_t RunnerLedger::EndOrphans(std::chrono::milliseconds at_most) {
  if (!adopts_) return 0;
  std::vector<pid_t> orphans;
  std::vector<UniqueFd> ending;
  for (const ProcessEntry& process : AllProcesses()) {
    if (process.parent != ::getpid() || runners_.contains(process.pid)) continue;
    orphans.push_back(process.pid);
    if (process.ended) continue;
    spdlog::info("ending process {}, which a runner has left", process.pid);
    if (UniqueFd handle = EndProcess(process); handle.valid()) ending.push_back(std::move(handle));
  }
  (void)WaitForEnd(ending, at_most);
  for (const pid_t pid : orphans) ::waitpid(pid, nullptr, WNOHANG);
  return orphans.size();
}

std::optional<SteadyTime> RunnerLedger::LookForOrphans(const Clock& clock) {
  const SteadyTime begun = clock.SteadyNow();
  if (begun < next_look_) return next_look_;
  const std::size_t left = EndOrphans(std::chrono::milliseconds(0));
  const SteadyTime ended = clock.SteadyNow();
  next_look_ = ended + kOrphanLookShare * (ended - begun);
  if (left == 0) return std::nullopt;
  return std::max(next_look_, ended + kOrphanLook);
}

}  // namespace tutti
