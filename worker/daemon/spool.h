// Events on disk until the coordinator has acknowledged their attempt's last.
//
// One file per attempt, spool/<job>-<attempt>.events, only ever appended to. Each record:
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
  Status Forget(const AttemptId& attempt) { return ForgetLater(attempt)(); }
  // The same, the file's end on any thread.
  std::function<Status()> ForgetLater(const AttemptId& attempt);

 private:
  struct File {
    std::shared_ptr<AppendFile> file;
    std::uint64_t bytes = 0;
  };

  Spool(FileSystem& files, std::filesystem::path folder)
      : files_(files), folder_(std::move(folder)) {}

  std::filesystem::path PathOf(const AttemptId& attempt) const;
  Status Recover(const AttemptId& attempt);

  FileSystem& files_;
  std::filesystem::path folder_;
  std::vector<Recovered> recovered_;
  std::map<AttemptId, File> open_;
};

}  // namespace tutti
