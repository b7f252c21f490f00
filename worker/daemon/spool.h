// Events on disk until the coordinator has acknowledged their attempt's last.
//
// Files spool/1.events, 2.events …, each with the events of one attempt at a time, appended; the
// records say which. A small file whose attempt is forgotten is emptied and takes the next one:
// where runs last milliseconds, making and removing a file for each costs more than all else here.
// Each record:
//   length of the payload   4 bytes, little-endian
//   check                   the first 8 digits of the payload's SHA-256, as text
//   payload                 a serialized tutti.v1.AttemptEvent
// Nothing that was appended is lost with the process; with the machine's power only what was not
// synced (disk_care.h says when).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "common/file_system.h"
#include "common/result.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/attempt_id.h"

namespace tutti {

// A record longer than this is taken for a broken one.
inline constexpr std::uint32_t kMaxSpoolRecordBytes = 64 << 20;
// Events of one attempt's file beyond this are left out, except its last.
inline constexpr std::uint64_t kMaxSpoolFileBytes = 256 << 20;
// Files of up to so many bytes are used again, and so many of them are kept for it.
inline constexpr std::uint64_t kMaxSpareSpoolBytes = 64 << 10;
inline constexpr std::size_t kMaxSpareSpoolFiles = 32;

// kPowerLossOnceSynced: when what SyncOf gives has been run.
enum class Durability { kProcess, kPowerLoss, kPowerLossOnceSynced };

// Owned by one thread.
class Spool {
 public:
  struct Recovered {
    AttemptId attempt;
    std::vector<v1::AttemptEvent> events;  // sequence 1, 2, 3 …
  };

  // Reads what an earlier daemon left. A torn or broken tail is cut off: `recovered` ends at the
  // last whole event.
  static Result<std::unique_ptr<Spool>> Open(FileSystem& files, std::filesystem::path folder);

  const std::vector<Recovered>& recovered() const { return recovered_; }

  // kFailedPrecondition: the attempt's file is full (an event that is not final). Any other error,
  // such as a full disk: what the file ends in is not known; nothing may be appended before
  // Rewrite.
  Status Append(const v1::AttemptEvent& event, Durability durability);
  // Makes what was appended to these attempts' files durable. For any thread, also when they were
  // forgotten meanwhile; nothing may be appended to the files until it has run.
  std::function<Status()> SyncOf(const std::vector<AttemptId>& attempts);
  // The attempt's file anew, with all its events, durably.
  Status Rewrite(const AttemptId& attempt, const std::vector<v1::AttemptEvent>& events);
  // Gives back what is left to be done, on any thread: the removal of a file that is not used
  // again. Null: nothing.
  std::function<Status()> Forget(const AttemptId& attempt);

 private:
  struct File {
    std::string name;
    std::shared_ptr<AppendFile> open{};  // null: not yet
    std::uint64_t bytes = 0;
  };

  Spool(FileSystem& files, std::filesystem::path folder)
      : files_(files), folder_(std::move(folder)) {}

  Status Recover(const std::string& name);
  // The attempt's own, or one that is free.
  File& FileOf(const AttemptId& attempt);

  FileSystem& files_;
  std::filesystem::path folder_;
  std::vector<Recovered> recovered_;
  std::map<AttemptId, File> used_;
  std::vector<File> spare_;  // empty ones
  std::int64_t last_number_ = 0;
};

}  // namespace tutti
