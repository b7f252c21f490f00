#include "coordinator/core/core.h"

#include <utility>

#include "common/check.h"
#include "coordinator/core/attempt_events.h"
#include "coordinator/core/books.h"
#include "coordinator/core/dataset_life.h"
#include "coordinator/core/describe_situation.h"
#include "coordinator/core/invariants.h"
#include "coordinator/core/job_driver.h"
#include "coordinator/core/restore.h"
#include "coordinator/core/scheduler.h"
#include "coordinator/core/session.h"
#include "coordinator/core/submit.h"
#include "coordinator/core/sweep_life.h"
#include "coordinator/core/undo_submit.h"
#include "coordinator/core/worker_life.h"

namespace tutti {
namespace {

class BookedCore final : public Core {
 public:
  explicit BookedCore(Books books) : books_(std::move(books)) {}

  bool RegisterDataset(const DatasetRecord& dataset, Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    return RegisterDatasetInBooks(books_, batch, dataset);
  }

  Status DeleteDataset(const std::string& name, Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    return DeleteDatasetInBooks(books_, batch, name);
  }

  Result<WorkerChangeReport> ChangeWorker(const std::string& worker, WorkerChange change,
                                          Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    return ChangeWorkerInBooks(books_, batch, worker, change);
  }

  Result<SubmitReport> Submit(const SubmitSweep& submit, Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    return SubmitToBooks(books_, batch, driver, submit);
  }

  Result<SubmitReport> ContinueSubmit(SweepId sweep, std::size_t jobs_at_once, Moment now,
                                      Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    return ContinueSubmitToBooks(books_, batch, driver, sweep, jobs_at_once);
  }

  void UndoSubmits(Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    UndoSomeOfSubmits(books_, batch, driver);
  }

  Result<SweepChangeReport> ChangeSweep(const std::string& name, const SweepChange& change,
                                        Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    return ChangeSweepInBooks(books_, batch, driver, name, change);
  }

  Result<std::vector<Drop>> CancelJob(JobId id, Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    TUTTI_RETURN_IF_ERROR(CancelJobInBooks(books_, batch, driver, id));
    return std::move(batch.drops);
  }

  Result<FrameOutcome> ApplyFrame(const WorkerFrame& frame, Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    TUTTI_ASSIGN_OR_RETURN(const FrameOrder order, EnterSession(books_, batch, frame));
    RenewHeld(books_, batch, driver, frame);
    FrameOutcome outcome;
    const Status applied = ApplyEvents(books_, batch, driver, frame, outcome.acked);
    if (applied.ok()) {
      if (order == FrameOrder::kFirst) ReturnNotHeld(books_, driver, frame);
      DropInvalid(books_, batch, frame);
    }
    FlushAttempts(books_, batch);
    if (!applied.ok()) return applied.error();
    outcome.drops = std::move(batch.drops);
    outcome.drain = order == FrameOrder::kFirst && books_.workers.at(frame.worker).record.drained;
    return outcome;
  }

  void Disconnect(const WorkerId& worker, std::int64_t session, Moment) override {
    const auto found = books_.workers.find(worker);
    if (found == books_.workers.end() || found->second.session != session) return;
    found->second.connected = false;
  }

  std::int32_t ForsakeWorker(const WorkerId& worker, Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    const std::int32_t attempts = ForsakeWorkerInBooks(books_, batch, driver, worker);
    FlushAttempts(books_, batch);
    return attempts;
  }

  void ExpireLeases(Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    while (!books_.deadlines.empty() && books_.deadlines.begin()->first <= now.steady) {
      const JobId id = books_.deadlines.begin()->second;
      const std::string worker = job::WorkerOf(books_.JobOf(id).state)->value;
      const Status expired = driver.Drive(id, job::LeaseExpired{now.steady},
                                          {"worker " + worker + " did not renew its lease"});
      TUTTI_CHECK(expired.ok(), "a deadline of a job that is not live");
    }
    FlushAttempts(books_, batch);
  }

  void ForgiveSilence(Moment now) override {
    Changes none;  // a deadline is in memory only
    Batch batch{now, none, {}, {}};
    JobDriver driver(books_, batch);
    const auto live = books_.deadlines;  // a copy: driving changes it
    for (const auto& [deadline, id] : live) {
      const auto attempt = job::LiveAttempt(books_.JobOf(id).state);
      (void)driver.Drive(id, job::Renewed{*attempt, now.steady + books_.options.lease});
    }
  }

  std::optional<SteadyTime> NextDeadline() const override {
    if (!books_.left_over.empty()) return SteadyTime{};  // long ago
    if (books_.deadlines.empty()) return std::nullopt;
    return books_.deadlines.begin()->first;
  }

  std::vector<Grant> Schedule(Moment now, Changes& changes) override {
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    return GrantReadyJobs(books_, batch, driver);
  }

  void FailGrant(const AttemptKey& attempt, FailureClass failure, const std::string& message,
                 Moment now, Changes& changes) override {
    if (!books_.jobs.contains(attempt.job)) return;
    Batch batch{now, changes, {}, {}};
    JobDriver driver(books_, batch);
    // Refused when the attempt has ended meanwhile: then there is nothing left to fail.
    (void)driver.Drive(attempt.job, job::Broke{attempt.attempt, failure}, {message});
  }

  std::vector<WorkerStatus> Workers() const override {
    std::vector<WorkerStatus> all;
    for (const auto& [id, worker] : books_.workers) all.push_back(StatusOf(id, worker));
    return all;
  }

  Result<JobSituation> SituationOf(JobId id, SteadyTime now) const override {
    return DescribeSituation(books_, id, now);
  }

  std::vector<std::string> CheckInvariants() const override { return FindViolations(books_); }

 private:
  Books books_;
};

}  // namespace

Result<std::unique_ptr<Core>> Core::Restore(const CoreOptions& options, const StoredState& state,
                                            Moment now) {
  TUTTI_ASSIGN_OR_RETURN(Books books, RestoreBooks(options, state, now));
  return std::unique_ptr<Core>(std::make_unique<BookedCore>(std::move(books)));
}

}  // namespace tutti
