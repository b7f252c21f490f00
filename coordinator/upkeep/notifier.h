// Runs the operator's command (--notify) when a sweep ends, and when the first of its runs fails.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/file_system.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/upkeep/sweep_watch.h"

namespace tutti {

// A command that takes longer is killed with all that it started, so that the next can run.
inline constexpr std::chrono::seconds kNotifyLimit{60};

// One thread; commands run one after the other. The command is the operator's and goes through
// `sh -c`; what happened is in its environment alone, so that no name or message becomes part of
// it: TUTTI_EVENT (first_failure, sweep_ended), TUTTI_SWEEP, TUTTI_SUCCEEDED, TUTTI_FAILED,
// TUTTI_CANCELLED, TUTTI_MESSAGE. A failure of it is logged and changes nothing. What happened
// while it did not run, or just before it was killed, is told at the next start: all that it tells
// it notes in a file afterwards, so that a kill at the wrong moment has something told twice, never
// not.
class Notifier {
 public:
  struct Surroundings {  // all outlive it
    ReaderPool& readers;
    const Clock& clock;
    FileSystem& files;
  };
  // notes: the file. Where it is not there, or of another state, what has ended already is not
  // told.
  Notifier(const Surroundings& surroundings, std::filesystem::path notes, std::string command);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Ends a command that runs.
  void Stop();

 private:
  void Run();
  std::optional<SweepsTold> ReadNotes();
  enum class Need { kMust, kMayWait };
  void WriteNotes(Need need);
  void Look();
  // False: it is to stop, and the command has not ended.
  bool Tell(const SweepNotice& notice);
  // False: it is to stop.
  bool Wait(std::chrono::milliseconds duration);

  const Surroundings around_;
  const std::filesystem::path notes_;
  const std::string command_;
  SweepWatch watch_;                   // of the thread
  std::optional<SweepsTold> written_;  // by this one, as the notes have it
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
