#include "coordinator/core/job_driver.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "coordinator/core/feature_flow.h"
#include "coordinator/core/feature_places.h"
#include "coordinator/core/fitness.h"
#include "coordinator/core/judgement.h"

namespace tutti {
namespace {

OpenAttempt& AttemptOf(Books& books, const Job& job, AttemptNumber number) {
  OpenAttempt* attempt = books.FindAttempt({job.id, number});
  TUTTI_CHECK(attempt != nullptr, "job " + std::to_string(job.id.value) + " has no open attempt " +
                                      std::to_string(number));
  return *attempt;
}

double SecondsBetween(UnixMillis from, UnixMillis to) {
  return static_cast<double>(std::max<std::int64_t>(0, ToInt(to) - ToInt(from))) / 1000.0;
}

}  // namespace

Status JobDriver::Drive(JobId id, const job::Event& event, const EventDetail& detail) {
  Job& job = books_.JobOf(id);
  Result<job::Step> step = job::Apply(job.state, event, books_.LimitsOf(job));
  if (!step) return step.error();
  if (step->state == job.state) return {};

  const JobPhase before = job::PhaseOf(job.state);
  const std::optional<WorkerId> worker_before = job::WorkerOf(job.state);
  const JobPhase after = job::PhaseOf(step->state);
  LeaveIndexes(job);
  job.state = std::move(step->state);
  if (std::holds_alternative<job::Reclaimed>(event)) {
    // It was never away: it waited since the time that is there.
  } else if (after == JobPhase::kReady) {
    job.ready_at = batch_.now.wall;
  } else if (after == JobPhase::kBlocked) {
    job.ready_at = UnixMillis{};
  }
  EnterIndexes(job);
  for (const job::Effect& effect : step->effects) {
    std::visit([&](const auto& e) { Do(job, e, detail); }, effect);
  }
  if (std::holds_alternative<job::Renewed>(event)) return {};
  if (after == JobPhase::kReady) {
    ChooseRetryPlace(id, event, worker_before, before == JobPhase::kRunning);
  } else {
    books_.retry_places.erase(id);
  }
  StoreJob(job, after == JobPhase::kFailed ? detail.message : "");
  if (after == JobPhase::kSucceeded || after == JobPhase::kCancelled) ForgetLostAttempts(id);
  const bool has_ended =
      after == JobPhase::kSucceeded || after == JobPhase::kFailed || after == JobPhase::kCancelled;
  // Whoever tries again after the end starts over.
  if (has_ended && job.kind == JobKind::kTrain) batch_.changes.push_back(RemoveResume{id});
  if (job.kind == JobKind::kPreprocess && before != after) {
    FollowShard(books_, batch_, *this, job, before, detail.message);
  }
  return {};
}

void JobDriver::LeaveIndexes(const Job& job) {
  if (job::PhaseOf(job.state) == JobPhase::kReady) books_.Dequeue(job);
  const auto attempt = job::LiveAttempt(job.state);
  if (!attempt) return;
  --books_.sweeps.at(job.queue).live;
  books_.deadlines.erase({*job::DeadlineOf(job.state), job.id});
  books_.workers.at(*job::WorkerOf(job.state)).live.erase({job.id, *attempt});
}

void JobDriver::EnterIndexes(Job& job) {
  if (job::PhaseOf(job.state) == JobPhase::kReady) {
    if (job.kind == JobKind::kPreprocess) job.queue = books_.SponsorOf(job);
    books_.Enqueue(job);
  }
  const auto attempt = job::LiveAttempt(job.state);
  if (!attempt) return;
  ++books_.sweeps.at(job.queue).live;
  books_.deadlines.insert({*job::DeadlineOf(job.state), job.id});
  books_.workers.at(*job::WorkerOf(job.state)).live.insert({job.id, *attempt});
}

void JobDriver::Do(Job& job, const job::BeginAttempt& effect, const EventDetail& detail) {
  OpenAttempt attempt;
  attempt.row.job = job.id;
  attempt.row.attempt = effect.attempt;
  attempt.row.worker = *job::WorkerOf(job.state);
  attempt.row.outcome = AttemptOutcome::kLeased;
  attempt.row.granted_at = batch_.now.wall;
  attempt.row.device = detail.device;
  attempt.queued_seconds = SecondsBetween(job.ready_at, batch_.now.wall);
  batch_.changes.push_back(PutAttempt{attempt.row});
  Log("attempt_granted", job, attempt.row, "");
  books_.attempts.insert_or_assign({job.id, effect.attempt}, std::move(attempt));
}

void JobDriver::Do(Job& job, const job::MarkStarted& effect, const EventDetail& detail) {
  AttemptRecord& row = AttemptOf(books_, job, effect.attempt).row;
  row.outcome = AttemptOutcome::kRunning;
  row.started_at = batch_.now.wall;
  row.device = detail.device;
  batch_.touched.insert({job.id, effect.attempt});
  Log("attempt_started", job, row, row.device == "cpu" ? "" : row.device);
  NoteFeaturesFetched(books_, job, row.worker);
}

void JobDriver::Do(Job& job, const job::ReopenAttempt& effect, const EventDetail&) {
  AttemptRecord& row = AttemptOf(books_, job, effect.attempt).row;
  row.outcome = job::PhaseOf(job.state) == JobPhase::kRunning ? AttemptOutcome::kRunning
                                                              : AttemptOutcome::kLeased;
  row.ended_at = UnixMillis{};
  row.failure.reset();
  row.message.clear();
  batch_.touched.insert({job.id, effect.attempt});
  Log("attempt_reclaimed", job, row, "");
}

void JobDriver::Do(Job& job, const job::CloseAttempt& effect, const EventDetail& detail) {
  const AttemptKey key{job.id, effect.attempt};
  AttemptRecord& row = AttemptOf(books_, job, effect.attempt).row;
  row.outcome = effect.outcome;
  row.ended_at = batch_.now.wall;
  row.failure = effect.failure;
  row.message = effect.outcome == AttemptOutcome::kSucceeded ? "" : detail.message;
  if (effect.outcome == AttemptOutcome::kFailed && detail.broke != nullptr) {
    row.exit_code = detail.broke->exit_code;
    row.signal = detail.broke->signal;
    row.log_tail = detail.broke->log_tail;
  }
  batch_.changes.push_back(PutAttempt{row});
  batch_.touched.erase(key);
  JudgeWorker(books_, batch_, row);
  if (effect.outcome != AttemptOutcome::kSucceeded) {
    const std::string failure =
        effect.failure ? std::string(Name(*effect.failure)) + ": " : std::string();
    Log("attempt_" + std::string(Name(effect.outcome)), job, row, failure + row.message);
  }
  if (effect.outcome == AttemptOutcome::kSuperseded) {
    batch_.drops.push_back({row.worker, key, DropReason::kSuperseded});
  } else if (effect.outcome == AttemptOutcome::kCancelled) {
    batch_.drops.push_back({row.worker, key, DropReason::kCancelled});
  }
  if (effect.outcome != AttemptOutcome::kLost) books_.attempts.erase(key);
}

void JobDriver::Do(Job& job, const job::AcceptResult& effect, const EventDetail& detail) {
  TUTTI_CHECK(detail.finished != nullptr, "a result is accepted, and there is none");
  const OpenAttempt& attempt = AttemptOf(books_, job, effect.attempt);
  ResultRecord result;
  result.job = job.id;
  result.attempt = effect.attempt;
  result.accepted_at = batch_.now.wall;
  result.metrics = detail.finished->metrics;
  result.timings_seconds = detail.finished->timings_seconds;
  if (attempt.queued_seconds) result.timings_seconds["queued"] = *attempt.queued_seconds;
  result.environment = detail.finished->environment;
  result.predictions = detail.finished->predictions;
  result.artifacts = detail.finished->artifacts;
  if (job.kind == JobKind::kPreprocess) NoteShard(books_, job.id, result, attempt.row.worker);
  if (job.kind == JobKind::kTrain) {
    books_.LearnTime(job, attempt.row, SecondsOfTraining(result.timings_seconds));
  }
  batch_.changes.push_back(PutResult{std::move(result)});
  Log("result_accepted", job, attempt.row, "");
}

void JobDriver::ForgetLostAttempts(JobId id) {
  const auto begin = books_.attempts.lower_bound({id, 0});
  auto end = begin;
  while (end != books_.attempts.end() && end->first.job == id) ++end;
  books_.attempts.erase(begin, end);
}

// Where it has left something, there first; where it broke, elsewhere first.
void JobDriver::ChooseRetryPlace(JobId id, const job::Event& event,
                                 const std::optional<WorkerId>& worker, bool had_started) {
  if (!worker) return;  // a person's retry, or features that have come
  const auto* broke = std::get_if<job::Broke>(&event);
  const bool failed_there = std::holds_alternative<job::LeaseExpired>(event) ||
                            (broke != nullptr && TellsOfPlace(broke->failure));
  if (!failed_there && !had_started) return;
  using enum RetryPlace::Kind;
  books_.retry_places[id] = {failed_there ? kElsewhereFirst : kThereFirst, *worker,
                             batch_.now.steady + kRetryPlaceLimit};
}

void JobDriver::StoreJob(const Job& job, const std::string& message) {
  UpdateJob row;
  row.id = job.id;
  row.phase = job::PhaseOf(job.state);
  row.last_attempt = job::LastAttempt(job.state);
  row.worker = job::WorkerOf(job.state);
  row.failure = job::FailureOf(job.state);
  row.message = message;
  row.tally = job::TallyOf(job.state);
  row.ready_at = job.ready_at;
  row.sweep = job.sweep;
  batch_.changes.push_back(std::move(row));
}

void JobDriver::Log(std::string_view kind, const Job& job, const AttemptRecord& attempt,
                    std::string detail) {
  EventRecord row;
  row.kind = kind;
  row.sweep = job.sweep;
  row.job = job.id;
  row.attempt = attempt.attempt;
  row.worker = attempt.worker;
  row.detail = std::move(detail);
  batch_.Event(std::move(row));
}

}  // namespace tutti
