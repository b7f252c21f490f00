#include "coordinator/core/attempt_events.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/core/log_limit.h"
#include "coordinator/core/verdicts.h"

namespace tutti {
namespace {

class EventApplier {
 public:
  EventApplier(Books& books, Batch& batch, JobDriver& driver)
      : books_(books), batch_(batch), driver_(driver) {}

  Status Apply(const AttemptEvent& event, const WorkerId& from) {
    OpenAttempt* attempt = books_.FindAttempt(event.attempt);
    if (attempt == nullptr || attempt->row.worker != from) return {};
    AttemptRecord& row = attempt->row;
    if (event.sequence <= row.last_sequence) return {};  // said again
    if (attempt->IsLive() && event.sequence != row.last_sequence + 1) {
      return InvalidArgument("job " + std::to_string(event.attempt.job.value) + " attempt " +
                             std::to_string(event.attempt.attempt) + ": event " +
                             std::to_string(event.sequence) + " follows event " +
                             std::to_string(row.last_sequence) + "; expected " +
                             std::to_string(row.last_sequence + 1));
    }
    row.last_sequence = event.sequence;
    batch_.touched.insert(event.attempt);
    // A lost attempt may still win; what it learnt and printed on the way belongs to its result.
    // These rows are its own and change nothing that anybody sees before.
    const bool counts = attempt->IsLive() ||
                        std::holds_alternative<AttemptFinished>(event.payload) ||
                        std::holds_alternative<AttemptEpoch>(event.payload) ||
                        std::holds_alternative<AttemptLog>(event.payload);
    if (counts) {
      std::visit([&](const auto& payload) { On(event.attempt, from, payload); }, event.payload);
    }
    return {};
  }

 private:
  // What the state machine refuses below changes nothing, and the worker need not say it again.
  void On(const AttemptKey& key, const WorkerId&, const AttemptStarted& started) {
    (void)driver_.Drive(key.job, job::Started{key.attempt},
                        {.message = "", .device = started.device});
  }
  void On(const AttemptKey&, const WorkerId&, const AttemptProgress&) {}
  void On(const AttemptKey& key, const WorkerId&, const AttemptEpoch& epoch) {
    EpochRecord point = epoch.point;
    point.job = key.job;
    point.attempt = key.attempt;
    batch_.changes.push_back(PutEpoch{std::move(point)});
  }
  void On(const AttemptKey& key, const WorkerId&, const AttemptLog& log) {
    std::int64_t& bytes = books_.FindAttempt(key)->log_bytes;
    std::vector<std::string> lines = log.lines;
    const auto ends = std::ranges::find_if(lines, [&bytes](const std::string& line) {
      bytes += std::ssize(line) + 1;
      return bytes > kMaxStoredLogBytes;
    });
    lines.erase(ends, lines.end());
    if (!lines.empty()) {
      batch_.changes.push_back(PutLog{{key.job, key.attempt, log.first, std::move(lines)}});
    }
  }
  void On(const AttemptKey& key, const WorkerId&, const AttemptResume& resume) {
    batch_.changes.push_back(
        PutResume{{key.job, key.attempt, resume.blob_hash, resume.size_bytes, resume.epoch}});
  }
  void On(const AttemptKey& key, const WorkerId& from, const AttemptFinished& result) {
    const Job& job = books_.JobOf(key.job);
    if (job.kind == JobKind::kPreprocess) {
      if (const auto bad = CheckShardResult(books_, job, result, from)) {
        (void)driver_.Drive(key.job, job::Broke{key.attempt, bad->failure}, {bad->message});
        return;
      }
      KeepVerdicts(books_, batch_, job, result);
    }
    (void)driver_.Drive(
        key.job, job::Finished{key.attempt},
        {"attempt " + std::to_string(key.attempt) + " had its result first", nullptr, &result});
  }
  void On(const AttemptKey& key, const WorkerId&, const AttemptBroke& broke) {
    // That a dependency failed is the coordinator's to say.
    const FailureClass failure =
        broke.failure == FailureClass::kDependencyFailed ? FailureClass::kCrashed : broke.failure;
    (void)driver_.Drive(key.job, job::Broke{key.attempt, failure}, {broke.message, &broke});
  }
  void On(const AttemptKey& key, const WorkerId&, const AttemptReturned& returned) {
    (void)driver_.Drive(key.job, job::Returned{key.attempt}, {returned.reason});
  }

  Books& books_;
  Batch& batch_;
  JobDriver& driver_;
};

}  // namespace

Status ApplyEvents(Books& books, Batch& batch, JobDriver& driver, const WorkerFrame& frame,
                   std::vector<Acknowledgement>& acked) {
  EventApplier applier(books, batch, driver);
  std::map<AttemptKey, std::int64_t> newest;
  for (const AttemptEvent& event : frame.events) {
    TUTTI_RETURN_IF_ERROR(applier.Apply(event, frame.worker));
    std::int64_t& sequence = newest[event.attempt];
    sequence = std::max(sequence, event.sequence);
  }
  for (const auto& [attempt, sequence] : newest) acked.push_back({attempt, sequence});
  return {};
}

}  // namespace tutti
