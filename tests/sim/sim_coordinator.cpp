#include "tests/sim/sim_coordinator.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "common/check.h"
#include "common/rpc/session_protocol.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/writer/writer.h"

namespace tutti {
namespace {

constexpr std::size_t kFramesRemembered = 40;
constexpr std::chrono::milliseconds kIdleWait{1'000};

std::string NameOf(const AttemptKey& key) {
  return "job " + std::to_string(key.job.value) + " attempt " + std::to_string(key.attempt);
}

}  // namespace

// Tells the ledger what was committed, and what was not.
class SimCoordinator::WatchedStore final : public Store {
 public:
  WatchedStore(std::unique_ptr<SqliteStore> real, Ledger& ledger)
      : real_(std::move(real)), ledger_(ledger) {}
  Status Commit(const Changes& changes) override {
    Status committed = real_->Commit(changes);
    if (committed.ok()) {
      ledger_.Committed(changes);
    } else {
      EXPECT_TRUE(committed.error().code == ErrorCode::kResourceExhausted ||
                  committed.error().code == ErrorCode::kDataLoss)
          << committed.error().message;
      ledger_.CommitFailed(changes);
    }
    return committed;
  }
  Result<StoredState> Load() override { return real_->Load(); }
  Result<std::unique_ptr<StoreReader>> OpenReader() override { return real_->OpenReader(); }

 private:
  std::unique_ptr<SqliteStore> real_;
  Ledger& ledger_;
};

struct SimCoordinator::Session {
  SimStreamPtr stream;
  WorkerId worker;
  std::int64_t number = 0;  // 0: no frame came yet
  SteadyTime heard{};
  bool finished = false;
};

// A submit on its way.
struct SimCoordinator::OpenSubmit {
  SubmitSweep submit;
  Told told;
  Result<SubmitReport> report = SubmitReport{};
};

// What a kill ends.
struct SimCoordinator::Process final : public WriterListener {
  Process(SimCoordinator& outer, std::unique_ptr<SqliteStore> database)
      : owner(outer),
        store(std::move(database), outer.around_.ledger),
        readers(store, {}),
        manifests(outer.around_.manifests),
        leases(manifests),
        commit(store, outer.around_.timeline.clock(),
               {.lease = kSimLease,
                .tracks_per_shard = kSimTracksPerShard,
                .worker_lost_limit = outer.around_.worker_lost_limit}) {}

  void OnGrants(const std::vector<Grant>& grants) override { owner.OnGrants(grants); }
  void OnReset(const Error& why) override { owner.OnReset(why); }

  SimCoordinator& owner;
  Life life = NewLife();
  WatchedStore store;
  ReaderPool readers;
  ManifestCache manifests;
  LeaseBuilder leases;
  GroupCommit commit;
  std::deque<GroupCommit::Request> inbox;
  bool batch_planned = false;
  SteadyTime looked_at = owner.around_.timeline.Now();
  std::vector<std::shared_ptr<Session>> streams;            // open ones
  std::map<WorkerId, std::shared_ptr<Session>> session_of;  // the newest
};

SimCoordinator::SimCoordinator(const Surroundings& around) : around_(around) {}

SimCoordinator::~SimCoordinator() {
  if (running()) Kill();
}

bool SimCoordinator::Start() {
  auto database = SqliteStore::Open(around_.database);
  if (!database.ok()) {
    around_.story.Tell("coordinator cannot open its database: " + database.error().message);
    return false;
  }
  process_ = std::make_unique<Process>(*this, *std::move(database));
  around_.ledger.CheckStore(process_->store);
  const Status started = process_->commit.Start(*process_);
  EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message);
  around_.story.Tell("coordinator started");
  around_.network.Listen([this](const SimStreamPtr& stream, UpPipe::Arrival first) {
    Accept(stream, std::move(first));
  });
  Tick();
  return true;
}

void SimCoordinator::Kill() {
  End([this](const auto& end) { around_.disk.Kill(end); });
}

void SimCoordinator::LosePower() {
  End([this](const auto& end) { around_.disk.LosePower(end); });
}

void SimCoordinator::End(const std::function<void(const std::function<void()>&)>& on_the_disk) {
  around_.network.Listen(nullptr);
  for (const auto& session : process_->streams) {
    session->finished = true;
    session->stream->up->StopReading();
    session->stream->down->LoseSome();
    session->stream->down->Send(Unavailable("connection reset"));
  }
  on_the_disk([this] { process_.reset(); });
}

void SimCoordinator::Pause(std::chrono::milliseconds duration) {
  paused_until_ = around_.timeline.Now() + duration;
}

void SimCoordinator::Post(GroupCommit::Decide decide, GroupCommit::Done done) {
  process_->inbox.push_back({std::move(decide), std::move(done)});
  PlanBatch(Between(around_.random, 1, 20));
}

void SimCoordinator::PlanBatch(std::chrono::milliseconds delay) {
  if (std::exchange(process_->batch_planned, true)) return;
  const auto paused =
      std::chrono::duration_cast<std::chrono::milliseconds>(paused_until_ - around_.timeline.Now());
  around_.timeline.After(std::max(delay, paused), process_->life, [this] {
    process_->batch_planned = false;
    RunBatch();
  });
}

void SimCoordinator::RunBatch() {
  LookAround();
  process_->commit.Process(std::exchange(process_->inbox, {}));
  for (const std::string& violation : process_->commit.core().CheckInvariants()) {
    ADD_FAILURE() << violation;
  }
}

// The writer looks at its deadlines at least this often.
void SimCoordinator::Tick() {
  PlanBatch(std::chrono::milliseconds(0));
  around_.timeline.After(kIdleWait, process_->life, [this] { Tick(); });
}

// After an absence of its own nobody was silent; else who was is given up.
void SimCoordinator::LookAround() {
  const SteadyTime now = around_.timeline.Now();
  const auto away = now - std::exchange(process_->looked_at, now);
  if (away >= kIdleWait + kSimLease / WriterOptions().away_share) {
    for (const auto& [worker, session] : process_->session_of) session->heard = now;
    return process_->commit.ForgiveSilence();
  }
  const SteadyTime limit = now - kSilentHeartbeats * kSimHeartbeat;
  for (const auto& [worker, session] : std::map(process_->session_of)) {
    if (session->heard < limit) Close(session, Unavailable("nothing was heard of this worker"));
  }
}

// As rpc/submit_call: part by part, what others want in between.
void SimCoordinator::Submit(const SubmitSweep& submit, Told told) {
  auto open = std::make_shared<OpenSubmit>(OpenSubmit{submit, std::move(told)});
  open->submit.jobs_at_once = kSimJobsAtOnce;
  SubmitPart(open);
}

void SimCoordinator::SubmitPart(const std::shared_ptr<OpenSubmit>& open) {
  Post(
      [open](Core& core, Moment now, Changes& changes) {
        if (open->report.ok() && open->report->is_unfinished) {
          open->report = core.ContinueSubmit(open->report->sweep, kSimJobsAtOnce, now, changes);
          return;
        }
        DatasetRecord dataset;
        dataset.name = open->submit.spec.dataset;
        dataset.version = open->submit.dataset_version;
        (void)core.RegisterDataset(dataset, now, changes);
        open->report = core.Submit(open->submit, now, changes);
      },
      [this, open](const Status& committed) {
        if (!open->report.ok()) {
          EXPECT_EQ(open->report.error().code, ErrorCode::kUnavailable)
              << open->report.error().message;
          return open->told(open->report.error());
        }
        if (!committed.ok()) return open->told(committed);
        if (open->report->is_unfinished) {
          return around_.timeline.After(Between(around_.random, 1, 2'000), process_->life,
                                        [this, open] { SubmitPart(open); });
        }
        around_.ledger.SubmitAcknowledged(open->submit.spec.name, open->report->runs_planned);
        open->told(committed);
      });
}

void SimCoordinator::Change(const std::string& sweep, const SweepChange& change, Told told) {
  auto report = std::make_shared<Result<SweepChangeReport>>(SweepChangeReport{});
  Post(
      [sweep, change, report](Core& core, Moment now, Changes& changes) {
        *report = core.ChangeSweep(sweep, change, now, changes);
      },
      [this, report, told = std::move(told)](const Status& committed) {
        if (committed.ok() && report->ok()) SendDrops((*report)->drops);
        const bool is_late =
            committed.ok() && !report->ok() && report->error().code == ErrorCode::kUnavailable;
        told(is_late ? Status(report->error()) : committed);
      });
}

void SimCoordinator::ApplyPastOrder(const v1::WorkerFrame& message,
                                    std::optional<AttemptKey> while_live) {
  const Result<WorkerFrame> frame = FromProto(message);
  ASSERT_TRUE(frame.ok()) << frame.error().message;
  auto outcome = std::make_shared<Result<FrameOutcome>>(FrameOutcome{});
  Post(
      [frame = *frame, outcome, while_live](Core& core, Moment now, Changes& changes) {
        const bool applies =
            !while_live || std::ranges::any_of(core.Workers(), [&](const WorkerStatus& worker) {
              return std::ranges::find(worker.live, *while_live) != worker.live.end();
            });
        if (applies) *outcome = core.ApplyFrame(frame, now, changes);
      },
      [this, outcome, worker = frame->worker, session = frame->session](const Status&) {
        if (outcome->ok()) return EndWithoutStream(worker, session);
        const ErrorCode code = outcome->error().code;
        EXPECT_TRUE(code == ErrorCode::kAborted || code == ErrorCode::kInvalidArgument)
            << outcome->error().message;
        const bool gap = code == ErrorCode::kInvalidArgument;
        around_.story.Tell(gap ? Trouble::kFrameWithAGap : Trouble::kSupersededSession);
      });
}

// A frame that began a session came on some stream, which has ended.
void SimCoordinator::EndWithoutStream(const WorkerId& worker, std::int64_t session) {
  const auto open = process_->session_of.find(worker);
  if (open != process_->session_of.end() && open->second->number == session) return;
  Post([worker, session](Core& core, Moment now,
                         Changes&) { core.Disconnect(worker, session, now); },
       [](const Status&) {});
}

std::vector<WorkerStatus> SimCoordinator::Workers() const {
  return process_->commit.core().Workers();
}

Store& SimCoordinator::store() const {
  return process_->store;
}

// ---- A stream, as coordinator/rpc/worker_stream treats it.

void SimCoordinator::Accept(const SimStreamPtr& stream, UpPipe::Arrival first) {
  auto session = std::make_shared<Session>();
  session->stream = stream;
  process_->streams.push_back(session);
  OnArrival(session, std::move(first));
}

void SimCoordinator::OnArrival(const std::shared_ptr<Session>& session, UpPipe::Arrival arrival) {
  if (std::holds_alternative<Error>(arrival)) {
    return Close(session, {ErrorCode::kCancelled, "the worker closed the stream"});
  }
  OnFrame(session, std::get<v1::WorkerFrame>(arrival));
}

void SimCoordinator::OnFrame(const std::shared_ptr<Session>& session,
                             const v1::WorkerFrame& message) {
  if (session->stream->given_up) around_.story.Tell(Trouble::kLateFrame, session->stream->worker);
  recent_frames_.push_back(message);
  if (recent_frames_.size() > kFramesRemembered) recent_frames_.pop_front();
  const Result<WorkerFrame> frame = FromProto(message);
  ASSERT_TRUE(frame.ok()) << frame.error().message;
  const bool first = session->number == 0;
  session->number = frame->session;
  session->heard = around_.timeline.Now();
  session->worker = frame->worker;
  if (first) {
    const auto known = process_->session_of.find(frame->worker);
    const auto older = known == process_->session_of.end() ? nullptr : known->second;
    if (!older || older->number <= session->number) {
      process_->session_of[frame->worker] = session;
      if (older) Close(older, {ErrorCode::kAborted, "a newer session of this worker is open"});
    }
  }
  auto outcome = std::make_shared<Result<FrameOutcome>>(FrameOutcome{});
  Post(
      [frame = *frame, outcome](Core& core, Moment now, Changes& changes) {
        *outcome = core.ApplyFrame(frame, now, changes);
      },
      [this, session, outcome, first](const Status& committed) {
        OnApplied(session, committed, *outcome, first);
      });
}

void SimCoordinator::OnApplied(const std::shared_ptr<Session>& session, const Status& committed,
                               const Result<FrameOutcome>& outcome, bool first) {
  session->heard = around_.timeline.Now();
  if (!committed.ok()) return Close(session, Unavailable(committed.error().message));
  if (!outcome.ok()) {
    const bool aborted = outcome.error().code == ErrorCode::kAborted;
    around_.story.Tell(aborted ? Trouble::kSupersededSession : Trouble::kFrameWithAGap,
                       outcome.error().message);
    return Close(session, outcome.error());
  }
  v1::CoordinatorFrame own;
  AppendToProto(*outcome, own);
  if (first) {
    v1::Settings& settings = *own.mutable_settings();
    settings.set_heartbeat_interval_ms(kSimHeartbeat.count());
    settings.set_lease_ms(kSimLease.count());
    settings.set_protocol(kSessionProtocol);
  }
  std::vector<Drop> others;
  for (const Drop& drop : outcome->drops) {
    if (drop.worker == session->worker) {
      *own.add_drops() = ToProto(drop);
    } else {
      others.push_back(drop);
    }
  }
  SendDrops(others);
  for (const auto& acked : own.acked()) {
    around_.ledger.Acknowledged(ToAttemptId(acked.attempt()), acked.sequence());
  }
  const bool says_something = first || own.acked_size() > 0 || own.drops_size() > 0;
  if (says_something && !session->finished) session->stream->down->Send(std::move(own));
  ReadNext(session);
}

void SimCoordinator::ReadNext(const std::shared_ptr<Session>& session) {
  if (session->finished) return;
  session->stream->up->Read([this, life = std::weak_ptr(process_->life),
                             weak = std::weak_ptr(session)](UpPipe::Arrival arrival) {
    const auto alive = weak.lock();
    if (alive && !life.expired()) OnArrival(alive, std::move(arrival));
  });
}

void SimCoordinator::Close(const std::shared_ptr<Session>& session, const Error& why) {
  if (std::exchange(session->finished, true)) return;
  session->stream->up->StopReading();
  session->stream->down->Send(why);
  std::erase(process_->streams, session);
  if (session->number == 0) return;
  const auto newest = process_->session_of.find(session->worker);
  if (newest != process_->session_of.end() && newest->second == session) {
    process_->session_of.erase(newest);
  }
  Post([worker = session->worker, number = session->number](
           Core& core, Moment now, Changes&) { core.Disconnect(worker, number, now); },
       [](const Status&) {});
}

// ---- Leases and drops, as coordinator/rpc/session_hub sends them.

void SimCoordinator::Send(const WorkerId& worker, const v1::CoordinatorFrame& frame) {
  const auto found = process_->session_of.find(worker);
  if (found != process_->session_of.end()) found->second->stream->down->Send(frame);
}

void SimCoordinator::SendDrops(const std::vector<Drop>& drops) {
  std::map<WorkerId, v1::CoordinatorFrame> frames;
  for (const Drop& drop : drops) *frames[drop.worker].add_drops() = ToProto(drop);
  for (const auto& [worker, frame] : frames) Send(worker, frame);
}

void SimCoordinator::OnGrants(const std::vector<Grant>& grants) {
  around_.timeline.After(Between(around_.random, 1, 60), process_->life,
                         [this, grants] { Deliver(grants); });
}

void SimCoordinator::Deliver(const std::vector<Grant>& grants) {
  const auto reader = process_->readers.Borrow();
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  std::map<WorkerId, v1::CoordinatorFrame> frames;
  SweepsOfLeases sweeps;
  for (const Grant& grant : grants) {
    const Result<v1::Lease> lease = process_->leases.Build(grant, **reader, sweeps);
    ASSERT_TRUE(lease.ok()) << NameOf(grant.attempt) << ": " << lease.error().message;
    around_.ledger.SawLease(*lease);
    for (const auto& shard : lease->shards()) {
      EXPECT_TRUE(blobs.contains(shard.blob_hash())) << NameOf(grant.attempt) << ": no such shard";
    }
    EXPECT_TRUE(!lease->has_resume() || blobs.contains(lease->resume().blob_hash()))
        << NameOf(grant.attempt) << ": no such resume file";
    *frames[grant.worker].add_leases() = *lease;
  }
  for (const auto& [worker, frame] : frames) Send(worker, frame);
}

// After a commit that failed.
void SimCoordinator::OnReset(const Error& why) {
  around_.ledger.CheckStore(process_->store);
  around_.story.Tell("coordinator made its state anew: " + why.message);
  for (const auto& session : std::vector(process_->streams)) {
    Close(session, Unavailable(why.message));
  }
}

}  // namespace tutti
