#include "tests/sim/sim_daemon.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/rpc/session_protocol.h"
#include "worker/daemon/coordinator_link.h"

namespace tutti {
namespace {

constexpr std::chrono::seconds kDrainLimit{30};
// A stream takes no more than this before the network has taken what was written.
constexpr std::size_t kFramesUnderway = 3;

template <class... F>
struct Match : F... {
  using F::operator()...;
};

v1::WorkerHello Hello(const std::string& machine, int slots) {
  v1::WorkerHello hello;
  hello.set_name(machine);
  hello.set_host(machine);
  hello.set_slots(slots);
  hello.set_cores(slots);
  hello.add_kinds(v1::JOB_KIND_PREPROCESS);
  hello.add_kinds(v1::JOB_KIND_TRAIN);
  hello.set_protocol(kSessionProtocol);
  return hello;
}

}  // namespace

Result<std::unique_ptr<SimDaemon>> SimDaemon::Start(const Surroundings& around) {
  SimRandomSource source(around.random);
  TUTTI_ASSIGN_OR_RETURN(WorkerFolder folder,
                         WorkerFolder::Open(around.disk, source, "/" + around.machine));
  TUTTI_ASSIGN_OR_RETURN(std::unique_ptr<Spool> spool, Spool::Open(around.disk, folder.spool()));
  return std::unique_ptr<SimDaemon>(new SimDaemon(around, std::move(folder), std::move(spool)));
}

SimDaemon::SimDaemon(const Surroundings& around, WorkerFolder folder, std::unique_ptr<Spool> spool)
    : around_(around),
      folder_(std::move(folder)),
      spool_(std::move(spool)),
      agent_({folder_.worker_id(), Hello(around.machine, around.slots), around.slots}),
      disk_care_(*spool_, agent_, {}),
      executor_({around.timeline, around.random, around.story, around.disk, folder_.jobs(),
                 around.transfers, *this, around.undecodable, around.runner_faults}),
      source_(around.random),
      backoff_(source_, std::chrono::milliseconds(200), std::chrono::milliseconds(15'000)) {
  for (const Spool::Recovered& recovered : spool_->recovered()) {
    Recover(recovered);
  }
  After(std::chrono::milliseconds(0), [this] { Connect(); });
}

void SimDaemon::Recover(const Spool::Recovered& recovered) {
  around_.story.Tell(Trouble::kAttemptRecovered, Describe(recovered.attempt));
  std::int32_t told = 0;
  for (const v1::AttemptEvent& event : recovered.events) {
    if (event.has_resume()) told = std::max(told, event.resume().epoch());
  }
  const auto left = ReadResumeNote(around_.disk, folder_.jobs(), recovered.attempt);
  const bool newer = left && left->epoch > told;
  if (newer) leftovers_[recovered.attempt] = *left;
  agent_.Recover(recovered.attempt, recovered.events,
                 newer ? Agent::Leftover::kResumeFile : Agent::Leftover::kNothing, Now());
}

SimDaemon::~SimDaemon() {
  if (!stream_) return;
  stream_->given_up = true;
  stream_->down->StopReading();
  stream_->up->LoseSome();
  stream_->up->Send(Unavailable("connection reset"));
}

void SimDaemon::Drain() {
  if (drain_until_) return;
  drain_until_ = around_.timeline.Now() + kDrainLimit;
  agent_.OnDrain("told to end", Now());
  SchedulePump();
}

void SimDaemon::Pause(std::chrono::milliseconds duration) {
  paused_until_ = around_.timeline.Now() + duration;
}

Instant SimDaemon::Now() const {
  return {around_.timeline.Now(), around_.timeline.clock().WallNow()};
}

void SimDaemon::After(std::chrono::milliseconds delay, std::function<void()> task) {
  around_.timeline.After(delay, life_, [this, task = std::move(task)] {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(paused_until_ -
                                                                            around_.timeline.Now());
    if (left.count() <= 0) return task();
    After(left, task);
  });
}

// ---- The link, as worker/daemon/coordinator_link keeps it.

void SimDaemon::Connect() {
  const Result<std::int64_t> session = folder_.NextSession();
  if (!session.ok()) {
    around_.story.Tell(Trouble::kSpoolWriteFailed, session.error().message);
    return Reconnect();
  }
  stream_ = around_.network.Connect(around_.machine);
  Read();
  agent_.OnSessionOpened(*session, {});
  SchedulePump();
}

void SimDaemon::Reconnect() {
  After(backoff_.Next(), [this] { Connect(); });
}

void SimDaemon::Read() {
  stream_->down->Read([this, life = std::weak_ptr(life_)](DownPipe::Arrival arrival) {
    if (life.expired()) return;
    After(std::chrono::milliseconds(0),
          [this, arrival = std::move(arrival)] { OnArrival(arrival); });
  });
}

void SimDaemon::OnArrival(const DownPipe::Arrival& arrival) {
  if (const auto* frame = std::get_if<v1::CoordinatorFrame>(&arrival)) {
    if (!accepted_at_) accepted_at_ = around_.timeline.Now();
    agent_.OnFrame(*frame, Now());
    Read();
    return SchedulePump();
  }
  const Error& why = std::get<Error>(arrival);
  const auto accepted_at = std::exchange(accepted_at_, std::nullopt);
  if (accepted_at && around_.timeline.Now() >= *accepted_at + kLastingSession) backoff_.Reset();
  stream_->given_up = true;
  // What the stream still holds of it is with the network.
  stream_->up->Send(Unavailable("the worker closed the stream"));
  stream_.reset();
  agent_.OnSessionClosed(why.code == ErrorCode::kInvalidArgument ? Agent::Resend::kEverything
                                                                 : Agent::Resend::kUnacknowledged);
  SchedulePump();
  Reconnect();
}

// ---- The loop, as worker/daemon/worker_daemon runs it.

void SimDaemon::SchedulePump() {
  if (std::exchange(pump_scheduled_, true)) return;
  After(std::chrono::milliseconds(0), [this] {
    pump_scheduled_ = false;
    Pump();
  });
}

void SimDaemon::Pump() {
  disk_care_.Tick(around_.timeline.Now());
  agent_.OnTick(Now());
  for (auto actions = agent_.TakeActions(); !actions.empty(); actions = agent_.TakeActions()) {
    for (const Action& action : actions) CarryOut(action);
  }
  if (stream_ && stream_->up->waiting() < kFramesUnderway) {
    if (std::optional<v1::WorkerFrame> frame = agent_.NextFrame(Now())) {
      stream_->up->Send(*std::move(frame));
      After(Between(around_.random, 1, 50), [this] { SchedulePump(); });
    }
  }
  ArmTimer();
  CheckDrained();
}

void SimDaemon::CarryOut(const Action& action) {
  std::visit(Match{
                 [&](const BeginAttempt& begin) { executor_.Begin(begin.lease); },
                 [&](const StopAttempt& stop) { executor_.Stop(stop.attempt); },
                 [&](const HaltAttempt& halt) { executor_.Halt(halt.attempt); },
                 [&](const SalvageAttempt& salvage) {
                   executor_.Salvage(salvage.attempt, leftovers_.at(salvage.attempt));
                 },
                 [&](const SpoolEvent& spool) {
                   around_.ledger.Said(spool.event);
                   disk_care_.Store(spool, around_.timeline.Now());
                 },
                 [&](const ForgetAttempt& forget) {
                   executor_.Forget(forget.attempt);
                   disk_care_.Forget(forget.attempt);
                 },
             },
             action);
}

void SimDaemon::ArmTimer() {
  std::optional<SteadyTime> when = agent_.NextDeadline();
  if (drain_until_) when = std::min(when.value_or(*drain_until_), *drain_until_);
  if (const auto look = disk_care_.NextDeadline()) when = std::min(when.value_or(*look), *look);
  const std::uint64_t timer = ++timer_;
  if (!when) return;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(*when - around_.timeline.Now());
  // A stream that takes nothing now is tried again by what it answers.
  After(std::max(left, std::chrono::milliseconds(10)), [this, timer] {
    if (timer == timer_) SchedulePump();
  });
}

void SimDaemon::CheckDrained() {
  if (!drain_until_) return;
  const bool flushed = !stream_ || stream_->up->waiting() == 0;
  const bool told = agent_.holds_nothing() && agent_.draining_told() && flushed;
  const bool nobody_listens = !agent_.accepted() && !agent_.uploading();
  const bool late = around_.timeline.Now() >= *drain_until_;
  // It is destroyed there.
  if (told || nobody_listens || late) around_.timeline.After({}, life_, around_.on_drained);
}

// ---- What becomes of attempts.

void SimDaemon::OnRunning(const AttemptId& id, const std::string& device) {
  agent_.OnRunning(id, device, Now());
  SchedulePump();
}
void SimDaemon::OnProgress(const AttemptId& id, const v1::Progress& progress) {
  agent_.OnProgress(id, progress);
  SchedulePump();
}
void SimDaemon::OnEpoch(const AttemptId& id, const v1::EpochPoint& epoch) {
  agent_.OnEpoch(id, epoch, Now());
  SchedulePump();
}
void SimDaemon::OnLogLine(const AttemptId& id, const std::string& line) {
  agent_.OnLogLine(id, line);
}
void SimDaemon::OnResumeFile(const AttemptId& id, const v1::ResumeFile& file) {
  agent_.OnResumeFile(id, file, Now());
  SchedulePump();
}
void SimDaemon::OnHalted(const AttemptId& id) {
  agent_.OnHalted(id, Now());
  SchedulePump();
}
void SimDaemon::OnUploading(const AttemptId& id) {
  agent_.OnUploading(id);
  SchedulePump();
}
void SimDaemon::OnFinished(const AttemptId& id, v1::Finished finished) {
  agent_.OnFinished(id, std::move(finished), Now());
  SchedulePump();
}
void SimDaemon::OnBroke(const AttemptId& id, v1::Broke broke) {
  agent_.OnBroke(id, std::move(broke), Now());
  SchedulePump();
}
void SimDaemon::OnHandedBack(const AttemptId& id, const std::string& reason) {
  disk_care_.OnHandedBack(reason, around_.timeline.Now());
  agent_.OnHandedBack(id, reason, Now());
  SchedulePump();
}

}  // namespace tutti
