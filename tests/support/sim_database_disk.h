// A disk for SQLite, in memory: it knows what was written and what was synced, loses power, and
// fails when it is told to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "tests/support/sim_random.h"

namespace tutti {

// While it lives, every database that the process opens is on it, by its path; one at a time. Used
// by one thread.
//
// After a failed sync the operating system takes what was written for clean: a part of it is on the
// disk, the rest never will be unless it is written again.
class SimDatabaseDisk {
 public:
  enum class Fault {
    kNone,
    kFull,        // a write finds no room
    kShortWrite,  // a write is cut off in the middle, for want of room
    kWriteError,
    kSyncError,
    kReadOnly,  // as an operating system leaves a file system that it no longer trusts
  };

  explicit SimDatabaseDisk(std::uint64_t seed);
  ~SimDatabaseDisk();
  SimDatabaseDisk(const SimDatabaseDisk&) = delete;
  SimDatabaseDisk& operator=(const SimDatabaseDisk&) = delete;

  // From now on, until kNone.
  void Fail(Fault fault);
  // The process is killed: `end` lets its connections go, and what they write then goes nowhere.
  // The next ones find what was written before.
  void Kill(const std::function<void()>& end);
  // As Kill, but of what was written since the last sync only some is there, and some of it in
  // part.
  void LosePower(const std::function<void()>& end);

  int failures() const;     // writes and syncs that failed
  int lost_writes() const;  // by power losses and failed syncs

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tutti
