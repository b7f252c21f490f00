// What one worker holds and says: (state, what arrived, time) → (state, actions, frames).
//
//   lease → fetching → running → uploading → reporting → forgotten
//
// Pure: no I/O, no clock, no threads. Owned by the main loop's thread, which carries out the
// actions in their order before it sends a frame, so that an event is on disk before it is told.
//
// That a lease has run out here stops nothing: only the coordinator knows. A runner ends by a drop,
// by its time limit, or by a drain.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/attempt_id.h"

namespace tutti {

// Events of one attempt that may wait for their acknowledgement; beyond, progress and epochs are
// left out.
inline constexpr std::size_t kMaxEventsPerAttempt = 100'000;
// Of one frame; a single larger event travels alone.
inline constexpr int kMaxEventsPerFrame = 5'000;
inline constexpr std::size_t kMaxFrameEventBytes = 8 << 20;
inline constexpr std::chrono::milliseconds kProgressInterval{1'000};
// Lines of a runner's log travel together; of one attempt at most this much (each line with its
// line end). The last lines of one that breaks are told beside.
inline constexpr std::chrono::milliseconds kLogInterval{1'000};
inline constexpr std::size_t kMaxLogBytesPerAttempt = 1 << 20;
inline constexpr std::chrono::milliseconds kDefaultHeartbeat{5'000};
// While runs wait here for their turn, nothing at the coordinator waits for news of this worker: so
// long after a frame the next takes all news together.
inline constexpr std::chrono::milliseconds kGatherTime{15};

struct Instant {
  SteadyTime steady;
  UnixMillis wall{};
};

// ---- Actions, for the owner to carry out.

struct BeginAttempt {
  v1::Lease lease;
};
// Stop fetching, kill its runner, stop uploading; what it reports from now on is ignored.
struct StopAttempt {
  AttemptId attempt;
};
// Kill its runner and save what a later attempt can go on from; OnHalted follows.
struct HaltAttempt {
  AttemptId attempt;
};
struct SpoolEvent {
  v1::AttemptEvent event;
  bool final = false;  // its last
};
// Save what the runner of an earlier daemon's attempt has left; OnHalted follows.
struct SalvageAttempt {
  AttemptId attempt;
};
// Its events are acknowledged, or nobody wants them: its spool and its folder can go.
struct ForgetAttempt {
  AttemptId attempt;
};
using Action =
    std::variant<BeginAttempt, StopAttempt, HaltAttempt, SalvageAttempt, SpoolEvent, ForgetAttempt>;

class Agent {
 public:
  struct Options {
    std::string worker_id;
    v1::WorkerHello hello;
    int slots = 1;
  };

  explicit Agent(Options options) : options_(std::move(options)) {}

  // An attempt that was in the spool when the daemon started. Without a final event its runner died
  // with the daemon: it is reported as preempted, once what it has left is saved.
  enum class Leftover { kNothing, kResumeFile };
  void Recover(const AttemptId& id, std::vector<v1::AttemptEvent> events, Leftover leftover,
               Instant now);

  // ---- The session.
  // cached_blobs: what this machine has, for the hello.
  void OnSessionOpened(std::int64_t session, const std::vector<std::string>& cached_blobs);
  // Everything, also what was acknowledged, is told anew after a coordinator found a gap (it may
  // have come back from a backup).
  enum class Resend { kUnacknowledged, kEverything };
  void OnSessionClosed(Resend resend);
  void OnFrame(const v1::CoordinatorFrame& frame, Instant now);

  // ---- What became of an attempt; ignored for one that is not held or has ended.
  // device: "cpu", "cuda:0".
  void OnRunning(const AttemptId& id, const std::string& device, Instant now);
  void OnProgress(const AttemptId& id, const v1::Progress& progress);
  void OnEpoch(const AttemptId& id, const v1::EpochPoint& epoch, Instant now);
  void OnLogLine(const AttemptId& id, const std::string& line);
  void OnResumeFile(const AttemptId& id, const v1::ResumeFile& file, Instant now);
  void OnHalted(const AttemptId& id, Instant now);
  void OnUploading(const AttemptId& id);
  void OnFinished(const AttemptId& id, v1::Finished finished, Instant now);
  void OnBroke(const AttemptId& id, v1::Broke broke, Instant now);
  // Nothing is wrong with the job: this machine cannot do it now.
  void OnHandedBack(const AttemptId& id, const std::string& reason, Instant now);

  // What the machine is used to; the next frame takes it along, and none after that.
  void OnUse(v1::MachineUse use) { use_ = std::move(use); }

  // Runs beyond the slots that are offered and held: they wait here for their turn.
  void OnAhead(int runs) { ahead_ = runs; }

  // No leases are taken while a run would have to wait for room on a GPU.
  void OnGpusFull(bool full) { gpus_full_ = full; }

  // ---- The disk.
  // No leases are taken meanwhile.
  void OnDiskTrouble(const std::string& why) { disk_trouble_ = why; }
  void OnDiskWell() { disk_trouble_.reset(); }
  // This event and those after it are not told until all are spooled.
  void OnNotSpooled(const AttemptId& id, std::int64_t sequence);
  void OnSpooled(const AttemptId& id);
  // All events so far; none of an attempt that is not held.
  std::vector<v1::AttemptEvent> EventsOf(const AttemptId& id) const;

  // No more leases; what fetches or runs is given back, once what it has learned is saved. Uploads
  // of complete results go on.
  void OnDrain(const std::string& reason, Instant now);
  // Time limits, and progress and log lines that waited.
  void OnTick(Instant now);
  // When OnTick or NextFrame has something to do; nothing: no such time.
  std::optional<SteadyTime> NextDeadline() const;

  std::vector<Action> TakeActions();
  // The next frame of the open session, or nothing when there is nothing to tell yet.
  std::optional<v1::WorkerFrame> NextFrame(Instant now);

  bool accepted() const { return session_ && session_->accepted; }
  bool holds_nothing() const { return held_.empty(); }
  // False between a drain and the frame that tells it.
  bool draining_told() const { return draining_told_; }
  // Complete results, or what a later attempt goes on from, on their way to the coordinator.
  bool uploading() const;
  int free_slots() const { return FreeSlots(ahead_); }

 private:
  // kSaving: its runner was ended by a drain or with an earlier daemon, its resume file is on its
  // way.
  enum class Stage { kFetching, kRunning, kSaving, kUploading, kReporting };

  struct Held {
    Stage stage = Stage::kFetching;
    bool started = false;
    std::chrono::milliseconds time_limit{0};  // 0: none
    std::optional<SteadyTime> stop_at;
    std::vector<v1::AttemptEvent> events;           // [i] has sequence i + 1
    bool recovered = false;                         // an earlier daemon's
    std::string return_reason;                      // of kSaving, where it is not recovered
    std::size_t acknowledged = 0;                   // of events
    std::size_t sent = 0;                           // in this session
    std::optional<std::size_t> not_spooled_from{};  // events from here on are kept back
    std::optional<v1::Progress> progress;           // newest, not yet an event
    SteadyTime progress_at{};                       // not before
    v1::LogLines log;                               // not yet an event
    SteadyTime log_at{};                            // not before
    std::size_t log_bytes = 0;                      // of all lines so far
  };

  struct Session {
    std::int64_t number = 0;
    bool hello_sent = false;
    bool accepted = false;
    bool refuses_leases = false;  // the coordinator has drained this worker
    std::optional<SteadyTime> next_heartbeat;
    SteadyTime told_at{};
    int told_free_slots = 0;
    int told_ahead = 0;  // of these
  };

  // How many of its events may be told.
  static std::size_t Tellable(const Held& held);
  Held* Active(const AttemptId& id);  // held, and not ended
  void OnLease(const v1::Lease& lease, Instant now);
  void OnAcked(const AttemptId& id, std::int64_t sequence);
  void Drop(const AttemptId& id);
  void Add(const AttemptId& id, Held& held, v1::AttemptEvent event, Instant now);
  void AddLog(const AttemptId& id, Held& held, Instant now);
  void End(const AttemptId& id, Held& held, v1::AttemptEvent event, Instant now);
  void EndRecovered(const AttemptId& id, Held& held, Instant now);
  // What fetches at once, what runs once what it has learned is saved.
  void GiveAllBack(const std::string& reason, Instant now);
  void GiveBack(const AttemptId& id, Held& held, const std::string& reason, Instant now);
  int FreeSlots(int ahead) const;
  bool HasNews() const;
  // Until when news may wait for more of them; nothing: they may not.
  std::optional<SteadyTime> GathersUntil() const;
  // False when the frame is full.
  bool AddEvents(Held& held, v1::WorkerFrame& frame, std::size_t& bytes);
  void AddEvents(v1::WorkerFrame& frame);

  Options options_;
  std::map<AttemptId, Held> held_;
  std::vector<Action> actions_;
  std::optional<Session> session_;
  std::chrono::milliseconds heartbeat_ = kDefaultHeartbeat;
  std::optional<std::string> disk_trouble_;
  std::optional<v1::MachineUse> use_;  // not yet told
  bool gpus_full_ = false;
  int ahead_ = 0;
  bool draining_ = false;
  bool draining_told_ = true;
};

}  // namespace tutti
