#include "coordinator/writer/group_commit.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/check.h"
#include "common/duration.h"

namespace tutti {

GroupCommit::GroupCommit(Store& store, const Clock& clock, const CoreOptions& options)
    : store_(store), clock_(clock), options_(options) {}

Status GroupCommit::Start(WriterListener& listener) {
  listener_ = &listener;
  TUTTI_ASSIGN_OR_RETURN(const StoredState state, store_.Load());
  TUTTI_ASSIGN_OR_RETURN(core_, Core::Restore(options_, state, Now()));
  return {};
}

std::optional<SteadyTime> GroupCommit::NextDeadline() const {
  if (trouble_) return trouble_->next_try;
  return core_->NextDeadline();
}

void GroupCommit::Process(std::deque<Request> batch) {
  const Moment now = Now();
  if (trouble_ && !TryAgain(now)) return AnswerWithoutCommit(batch);
  Changes changes;
  core_->ExpireLeases(now, changes);
  core_->UndoSubmits(now, changes);
  for (const Request& request : batch) {
    if (request.decide) request.decide(*core_, now, changes);
  }
  std::vector<Grant> grants;
  if (MayGrant(now, changes)) grants = core_->Schedule(now, changes);

  Status committed;
  if (!changes.empty()) committed = Commit(changes);
  if (!changes.empty() && observer_) observer_(changes);
  if (!committed.ok()) {
    spdlog::error("commit of {} changes failed, nothing of it is acknowledged: {}", changes.size(),
                  committed.error().message);
    OnFailedCommit(committed.error(), now);
  }
  for (const Request& request : batch) request.decide ? request.done(committed) : Answer(request);
  if (committed.ok() && !grants.empty()) listener_->OnGrants(grants);
}

Status GroupCommit::Commit(const Changes& changes) {
  const SteadyTime begun = clock_.SteadyNow();
  Status committed = store_.Commit(changes);
  if (telemetry_ != nullptr) telemetry_->OnCommit(clock_.SteadyNow() - begun);
  return committed;
}

bool GroupCommit::MayGrant(Moment now, Changes& changes) {
  if (!gate_) return true;
  const Status open = gate_();
  if (std::exchange(gate_was_open_, open.ok()) == open.ok()) return open.ok();
  EventRecord event;
  event.at = now.wall;
  event.kind = open.ok() ? "disk_has_room" : "disk_low";
  event.detail = open.ok() ? "new work is taken again" : open.error().message;
  open.ok() ? spdlog::info("{}", event.detail) : spdlog::warn("{}", event.detail);
  changes.push_back(AppendEvent{std::move(event)});
  return open.ok();
}

// The core has decided what the store does not hold: what is stored is right.
void GroupCommit::OnFailedCommit(const Error& why, Moment now) {
  Trouble trouble{why, now.steady, now.steady + kFirstCommitRetry,
                  now.steady + kTroubleLogInterval};
  gate_was_open_ = true;  // what it said may not be stored
  trouble_ = std::move(trouble);
  const bool is_current = MakeCoreAnew(now);
  // Rows that contradict others are a fault of ours, which no waiting mends: the next batch is
  // another one.
  if (is_current && why.code == ErrorCode::kFailedPrecondition) trouble_.reset();
  listener_->OnReset(why);
}

bool GroupCommit::MakeCoreAnew(Moment now) {
  const Result<StoredState> state = store_.Load();
  if (!state.ok()) {
    spdlog::error("the stored state cannot be read: {}", state.error().message);
    return false;
  }
  auto core = Core::Restore(options_, *state, now);
  TUTTI_CHECK(core.ok(), "the stored state is contradictory after a failed commit: " +
                             (core.ok() ? "" : core.error().message));
  core_ = *std::move(core);
  trouble_->core_is_current = true;
  return true;
}

bool GroupCommit::TryAgain(Moment now) {
  if (now.steady < trouble_->next_try) return false;
  const std::chrono::milliseconds lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.steady - trouble_->since);
  EventRecord event;
  event.at = now.wall;
  event.kind = "disk_works_again";
  event.detail =
      "nothing could be stored for " + FormatElapsed(lasted) + ": " + trouble_->why.message;
  const Status written = store_.Commit({AppendEvent{event}});
  // Its leases get their full period from now on.
  if (written.ok() && MakeCoreAnew(now)) {
    spdlog::info("commits go again: {}", event.detail);
    trouble_.reset();
    return true;
  }
  if (!written.ok()) trouble_->why = written.error();
  trouble_->wait = std::min(trouble_->wait * 2, kLongestCommitRetry);
  trouble_->next_try = now.steady + trouble_->wait;
  if (now.steady >= trouble_->next_log) {
    trouble_->next_log = now.steady + kTroubleLogInterval;
    spdlog::error("still nothing can be stored, for {} now: {}", FormatElapsed(lasted),
                  trouble_->why.message);
  }
  return false;
}

Error GroupCommit::Refusal() const {
  const bool is_full = trouble_->why.code == ErrorCode::kResourceExhausted;
  return {is_full ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable,
          "the coordinator cannot store anything: " + trouble_->why.message + "; " +
              (is_full ? "make room on the disk of its state folder"
                       : "look at the disk of its state folder") +
              ", it goes on by itself then"};
}

void GroupCommit::Answer(const Request& request) {
  if (trouble_ && !trouble_->core_is_current) return request.done(Refusal());
  request.look(*core_);
  request.done({});
}

void GroupCommit::AnswerWithoutCommit(const std::deque<Request>& batch) {
  for (const Request& request : batch) {
    request.decide ? request.done(Refusal()) : Answer(request);
  }
}

}  // namespace tutti
