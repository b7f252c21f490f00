// The worker's own folder: who it is, and where its parts keep their files.
//
//   DIR/lock            held while the daemon lives
//   DIR/identity        UUID of this worker, for good
//   DIR/token           its own token (0600), from its first connect on
//   DIR/token.asked     the one that it asks to have (0600), until the coordinator has said yes
//   DIR/health          while the daemon lives: young, and whether it has a session
//   DIR/session         number of its latest session
//   DIR/spool/          events that are not acknowledged yet
//   DIR/cache/          blobs by hash
//   DIR/jobs/           an output folder per attempt
//   DIR/runners/        runner processes, and runners.mark beside it
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/file_system.h"
#include "common/random.h"
#include "common/result.h"

namespace tutti {

// Owned by one thread.
class WorkerFolder {
 public:
  // Makes what is missing (0700). kFailedPrecondition: another worker runs in this folder.
  // kDataLoss: the identity or the session number cannot be read as such.
  static Result<WorkerFolder> Open(FileSystem& files, RandomSource& random,
                                   const std::filesystem::path& folder);

  const std::string& worker_id() const { return worker_id_; }

  // Nothing before the first enrolment.
  Result<std::optional<std::string>> Token() const;
  // Of this worker's own making, on disk before anybody hears of it: the one of an earlier try
  // whose answer was lost, else a new one.
  Result<std::string> TokenToAskFor(RandomSource& random);
  // It is this worker's now.
  Status StoreToken(const std::string& token);

  // Larger than any before, on disk before it is returned.
  Result<std::int64_t> NextSession();

  std::filesystem::path path() const { return folder_; }
  std::filesystem::path token_file() const { return folder_ / "token"; }
  std::filesystem::path asked_token_file() const { return folder_ / "token.asked"; }
  std::filesystem::path spool() const { return folder_ / "spool"; }
  std::filesystem::path cache() const { return folder_ / "cache"; }
  std::filesystem::path jobs() const { return folder_ / "jobs"; }
  std::filesystem::path runners() const { return folder_ / "runners"; }

 private:
  WorkerFolder(FileSystem& files, std::filesystem::path folder, std::unique_ptr<FileLock> lock)
      : files_(&files), folder_(std::move(folder)), lock_(std::move(lock)) {}

  Status LoadIdentity(RandomSource& random);
  Status LoadSession();

  FileSystem* files_;
  std::filesystem::path folder_;
  std::unique_ptr<FileLock> lock_;
  std::string worker_id_;
  std::int64_t session_ = 0;
};

}  // namespace tutti
