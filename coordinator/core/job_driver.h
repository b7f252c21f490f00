// Takes a job through one event: its state by job::Apply, then every index, row and message that
// follows from it. Nothing else changes a job that is there.
#pragma once

#include <optional>
#include <string>

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/job_state.h"

namespace tutti {

// What came with an event and does not decide anything.
struct EventDetail {
  std::string message;
  const AttemptBroke* broke = nullptr;        // of job::Broke by a worker
  const AttemptFinished* finished = nullptr;  // of job::Finished: needed
  std::string device{};                       // of job::Granted where it is prescribed, of Started
};

// Lives for one call of the core. `books` and `batch` must outlive it.
class JobDriver {
 public:
  JobDriver(Books& books, Batch& batch) : books_(books), batch_(batch) {}

  // kFailedPrecondition: the state machine refused it; nothing changed.
  Status Drive(JobId id, const job::Event& event, const EventDetail& detail = {});

 private:
  void Do(Job& job, const job::BeginAttempt& effect, const EventDetail& detail);
  void Do(Job& job, const job::MarkStarted& effect, const EventDetail& detail);
  void Do(Job& job, const job::ReopenAttempt& effect, const EventDetail& detail);
  void Do(Job& job, const job::CloseAttempt& effect, const EventDetail& detail);
  void Do(Job& job, const job::AcceptResult& effect, const EventDetail& detail);

  void LeaveIndexes(const Job& job);
  void EnterIndexes(Job& job);
  void ForgetLostAttempts(JobId id);
  void ChooseRetryPlace(JobId id, const job::Event& event, const std::optional<WorkerId>& worker,
                        bool had_started);
  void StoreJob(const Job& job, const std::string& message);
  void Log(std::string_view kind, const Job& job, const AttemptRecord& attempt, std::string detail);

  Books& books_;
  Batch& batch_;
};

}  // namespace tutti
