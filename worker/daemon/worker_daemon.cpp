#include "worker/daemon/worker_daemon.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include <spdlog/spdlog.h>

#include "worker/daemon/end_time.h"
#include "worker/daemon/resume_note.h"

namespace tutti {
namespace {

// Wall time may jump, and stands still for the steady clock while the machine sleeps.
constexpr std::chrono::milliseconds kUntilLookInterval{60'000};

// Itself, or by a shell that says so of its child.
bool EndedBySigterm(const v1::Broke& broke) {
  return broke.signal() == SIGTERM || broke.exit_code() == 128 + SIGTERM;
}

template <class... F>
struct Match : F... {
  using F::operator()...;
};

}  // namespace

WorkerDaemon::WorkerDaemon(const Surroundings& surroundings, const std::string& token,
                           const Options& options, std::function<void()> on_ready)
    : around_(surroundings),
      options_(options),
      on_ready_(std::move(on_ready)),
      agent_({surroundings.folder.worker_id(), options.hello, options.hello.slots()}),
      disk_(surroundings.spool, agent_, surroundings.check_disk,
            [this](auto work, auto done) { RunInBackground(std::move(work), std::move(done)); }),
      executor_(
          {surroundings.loop, surroundings.pool, surroundings.clock, surroundings.files,
           surroundings.random, surroundings.cache, surroundings.blobs, surroundings.data_roots,
           surroundings.runners, surroundings.gpus, *this, options_.resume, surroundings.check_disk,
           static_cast<std::size_t>(options.hello.slots()), [this] { SchedulePump(); }},
          surroundings.folder.jobs()),
      link_(surroundings.loop, surroundings.clock, surroundings.random, surroundings.folder,
            surroundings.stub, token, *this) {}

void WorkerDaemon::RunInBackground(std::function<Status()> work,
                                   std::function<void(const Status&)> done) {
  ++in_background_;
  spool_thread_.Run(
      [this, alive = std::weak_ptr(alive_), work = std::move(work), done = std::move(done)] {
        around_.loop.Post([this, alive, done, synced = work()] {
          if (alive.expired()) return;
          --in_background_;
          done(synced);
          SchedulePump();
        });
      });
}

// A resume file that was written after the last one uploaded is worth saving.
void WorkerDaemon::Recover() {
  std::vector<AttemptId> kept;
  for (const Spool::Recovered& recovered : around_.spool.recovered()) {
    kept.push_back(recovered.attempt);
    std::int32_t told = 0;
    for (const v1::AttemptEvent& event : recovered.events) {
      if (event.has_resume()) told = std::max(told, event.resume().epoch());
    }
    const auto left = ReadResumeNote(around_.files, around_.folder.jobs(), recovered.attempt);
    const bool newer = left && left->epoch > told;
    if (newer) leftovers_[recovered.attempt] = *left;
    agent_.Recover(recovered.attempt, recovered.events,
                   newer ? Agent::Leftover::kResumeFile : Agent::Leftover::kNothing, Now());
  }
  executor_.ForgetAllBut(kept);
}

void WorkerDaemon::Start() {
  Recover();
  CheckUntil();
  link_.Connect();
  SchedulePump();
}

void WorkerDaemon::Drain(const std::string& reason) {
  if (drain_until_) return;
  spdlog::info("draining: {}", reason);
  drain_until_ = around_.clock.SteadyNow() + kDrainLimit;
  for (const auto& [id, broke] : std::exchange(terminated_, {})) GiveBackTerminated(id);
  agent_.OnDrain(reason, Now());
  SchedulePump();
}

void WorkerDaemon::OnMachineSample(const MachineSample& sample) {
  agent_.OnUse(sample.use);
  executor_.OnMachineSample(sample);
  SchedulePump();
}

Instant WorkerDaemon::Now() const {
  return {around_.clock.SteadyNow(), around_.clock.WallNow()};
}

void WorkerDaemon::OnRunning(const AttemptId& id, const std::string& device) {
  spdlog::info("{} runs on {}", Describe(id), device);
  agent_.OnRunning(id, device, Now());
  SchedulePump();
}

void WorkerDaemon::OnProgress(const AttemptId& id, const v1::Progress& progress) {
  agent_.OnProgress(id, progress);
  SchedulePump();
}

void WorkerDaemon::OnResumeFile(const AttemptId& id, const v1::ResumeFile& file) {
  agent_.OnResumeFile(id, file, Now());
  SchedulePump();
}

void WorkerDaemon::OnHalted(const AttemptId& id) {
  agent_.OnHalted(id, Now());
  SchedulePump();
}

void WorkerDaemon::OnLogLine(const AttemptId& id, const std::string& line) {
  agent_.OnLogLine(id, line);
}

void WorkerDaemon::OnEpoch(const AttemptId& id, const v1::EpochPoint& epoch) {
  agent_.OnEpoch(id, epoch, Now());
  SchedulePump();
}

void WorkerDaemon::OnUploading(const AttemptId& id) {
  agent_.OnUploading(id);
  SchedulePump();
}

void WorkerDaemon::OnFinished(const AttemptId& id, v1::Finished finished) {
  spdlog::info("{} finished", Describe(id));
  disk_.OnJobDone();
  agent_.OnFinished(id, std::move(finished), Now());
  SchedulePump();
}

void WorkerDaemon::GiveBackTerminated(const AttemptId& id) {
  agent_.OnHandedBack(id, "its program was told to end together with this worker", Now());
  SchedulePump();
}

void WorkerDaemon::OnBroke(const AttemptId& id, v1::Broke broke) {
  if (EndedBySigterm(broke) && drain_until_) return GiveBackTerminated(id);
  if (EndedBySigterm(broke) && !terminated_.contains(id)) {
    terminated_[id] = std::move(broke);
    around_.loop.RunAt(around_.clock.SteadyNow() + kTermGrace, [this, id] {
      if (auto ended = terminated_.extract(id)) {
        agent_.OnBroke(id, std::move(ended.mapped()), Now());
        SchedulePump();
      }
    });
    return;
  }
  agent_.OnBroke(id, std::move(broke), Now());
  SchedulePump();
}

void WorkerDaemon::OnHandedBack(const AttemptId& id, const std::string& reason) {
  disk_.OnHandedBack(reason, around_.clock.SteadyNow());
  agent_.OnHandedBack(id, reason, Now());
  SchedulePump();
}

void WorkerDaemon::OnNoRoom(const AttemptId& id, const std::string& reason) {
  agent_.OnHandedBack(id, reason, Now());
  SchedulePump();
}

void WorkerDaemon::OnSessionOpened(std::int64_t session) {
  agent_.OnSessionOpened(session, around_.cache.Contents(kMaxCachedBlobsTold));
}

void WorkerDaemon::OnFrame(const v1::CoordinatorFrame& frame) {
  const bool first = !agent_.accepted();
  agent_.OnFrame(frame, Now());
  if (first) spdlog::info("connected to the coordinator");
  if (on_ready_) std::exchange(on_ready_, nullptr)();
  SchedulePump();
}

void WorkerDaemon::OnSessionClosed(const Error& why) {
  agent_.OnSessionClosed(why.code == ErrorCode::kInvalidArgument ? Agent::Resend::kEverything
                                                                 : Agent::Resend::kUnacknowledged);
  SchedulePump();
}

void WorkerDaemon::OnRefused(const Error& why) {
  failure_ = why;
  around_.loop.Stop();
}

std::optional<v1::WorkerFrame> WorkerDaemon::NextFrame() {
  return agent_.NextFrame(Now());
}

void WorkerDaemon::OnFrameSent() {
  SchedulePump();
}

void WorkerDaemon::SchedulePump() {
  if (std::exchange(pump_scheduled_, true)) return;
  around_.loop.Post([this] {
    pump_scheduled_ = false;
    Pump();
  });
}

void WorkerDaemon::Pump() {
  CheckUntil();  // before a frame goes out: it must not offer slots any more
  disk_.Tick(around_.clock.SteadyNow());
  agent_.OnTick(Now());
  // An action may make more of them: an attempt that cannot begin breaks at once.
  for (auto actions = agent_.TakeActions(); !actions.empty(); actions = agent_.TakeActions()) {
    for (const Action& action : actions) CarryOut(action);
  }
  agent_.OnGpusFull(executor_.gpus_full());
  agent_.OnAhead(static_cast<int>(executor_.ahead()));
  link_.Pump();
  CheckIdle();
  CheckDrained();
  ArmTimer();
}

void WorkerDaemon::CarryOut(const Action& action) {
  std::visit(Match{
                 [&](const BeginAttempt& begin) {
                   spdlog::info("{} came: {}", Describe(ToAttemptId(begin.lease.attempt())),
                                v1::JobKind_Name(begin.lease.kind()));
                   executor_.Begin(begin.lease);
                 },
                 [&](const StopAttempt& stop) {
                   spdlog::info("{} is stopped", Describe(stop.attempt));
                   executor_.Stop(stop.attempt);
                 },
                 [&](const HaltAttempt& halt) {
                   spdlog::info("{} is halted", Describe(halt.attempt));
                   executor_.Halt(halt.attempt);
                 },
                 [&](const SalvageAttempt& salvage) {
                   spdlog::info("{} has left a resume file", Describe(salvage.attempt));
                   executor_.Salvage(salvage.attempt, leftovers_.at(salvage.attempt));
                 },
                 [&](const SpoolEvent& spool) { disk_.Store(spool, around_.clock.SteadyNow()); },
                 [&](const ForgetAttempt& forget) {
                   executor_.Forget(forget.attempt);
                   disk_.Forget(forget.attempt);
                 },
             },
             action);
}

void WorkerDaemon::ArmTimer() {
  std::optional<SteadyTime> when = agent_.NextDeadline();
  const auto sooner = [&](SteadyTime other) { when = std::min(when.value_or(other), other); };
  if (drain_until_) sooner(*drain_until_);
  if (const auto look = disk_.NextDeadline()) sooner(*look);
  if (idle_since_ && !drain_until_) sooner(*idle_since_ + *options_.exit_when_idle);
  if (options_.until && !drain_until_) {
    const std::chrono::milliseconds left(ToInt(*options_.until) - ToInt(around_.clock.WallNow()));
    sooner(around_.clock.SteadyNow() + std::min(left, kUntilLookInterval));
  }
  around_.loop.Cancel(timer_);
  timer_ = when ? around_.loop.RunAt(*when, [this] { SchedulePump(); }) : 0;
}

void WorkerDaemon::CheckIdle() {
  if (!options_.exit_when_idle) return;
  const SteadyTime now = around_.clock.SteadyNow();
  if (!agent_.holds_nothing()) {
    idle_since_.reset();
  } else if (!idle_since_) {
    idle_since_ = now;
  } else if (now >= *idle_since_ + *options_.exit_when_idle) {
    Drain("no work came");
  }
}

void WorkerDaemon::CheckUntil() {
  if (!options_.until || ToInt(around_.clock.WallNow()) < ToInt(*options_.until)) return;
  Drain("it is past " + FormatEndTime(*options_.until) + " (--until)");
}

// What is not acknowledged by then stays in the spool, for the next start.
void WorkerDaemon::CheckDrained() {
  if (!drain_until_) return;
  const bool told =
      agent_.holds_nothing() && agent_.draining_told() && link_.flushed() && in_background_ == 0;
  const bool nobody_listens = !agent_.accepted() && !agent_.uploading();
  const bool late = around_.clock.SteadyNow() >= *drain_until_;
  if (late && !told) spdlog::warn("drained without the coordinator's answer");
  if (told || nobody_listens || late) around_.loop.Stop();
}

}  // namespace tutti
