#include "coordinator/rpc/explain_view.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "coordinator/core/explain.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/last_lines.h"
#include "coordinator/rpc/worker_names.h"

namespace tutti {
namespace {

constexpr std::int64_t kFailedLookedAt = 1'000;
constexpr std::size_t kKindsOfFailureNamed = 5;
constexpr std::size_t kLinesShown = 20;

// Of the last attempt that failed, told by its worker or known before that was lost.
Result<std::vector<std::string>> LogTailOf(JobId job, const std::vector<AttemptRecord>& attempts,
                                           StoreReader& reader) {
  std::vector<std::string> lines;
  for (auto it = attempts.rbegin(); it != attempts.rend(); ++it) {
    if (!it->failure) continue;
    lines = it->log_tail;
    if (lines.empty()) {
      TUTTI_ASSIGN_OR_RETURN(lines, LastLines(job, it->attempt, reader));
    }
    break;
  }
  if (lines.size() > kLinesShown) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kLinesShown));
  }
  return lines;
}

Result<JobHistory> HistoryOf(JobId id, StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const JobRecord job, reader.Job(id));
  TUTTI_ASSIGN_OR_RETURN(const SweepRecord sweep, reader.Sweep(job.sweep));
  JobHistory history;
  history.failure = job.failure;
  history.message = job.message;
  history.tally = job.tally;
  history.time_limit_ms = sweep.time_limit_ms;
  TUTTI_ASSIGN_OR_RETURN(history.attempts, reader.Attempts(id));
  TUTTI_ASSIGN_OR_RETURN(history.log_tail, LogTailOf(id, history.attempts, reader));
  TUTTI_ASSIGN_OR_RETURN(const WorkerNames names, NamesOfWorkers(reader));
  for (const AttemptRecord& attempt : history.attempts) {
    history.worker_names[attempt.worker] = NameOr(names, attempt.worker);
  }
  return history;
}

Result<Explanation> ExplanationOf(const JobFacts& facts, StoreReader& reader) {
  std::optional<Explanation> shard;
  if (facts.shard) {
    TUTTI_ASSIGN_OR_RETURN(const JobHistory history, HistoryOf(facts.shard->id, reader));
    shard = Explain(*facts.shard, history, nullptr);
  }
  TUTTI_ASSIGN_OR_RETURN(const JobHistory history, HistoryOf(facts.situation.id, reader));
  return Explain(facts.situation, history, shard ? &*shard : nullptr);
}

void ToProto(const Explanation& from, v1::ExplainResponse& to) {
  to.set_summary(from.summary);
  for (const Explanation::Reason& reason : from.reasons) {
    v1::ExplainResponse::Reason& row = *to.add_reasons();
    row.set_code(reason.code);
    row.set_text(reason.text);
  }
  for (const Explanation::Advice& advice : from.advice) {
    v1::ExplainResponse::Advice& row = *to.add_advice();
    row.set_text(advice.text);
    row.set_command(advice.command);
  }
  to.mutable_log_tail()->Add(from.log_tail.begin(), from.log_tail.end());
}

Result<std::vector<JobRecord>> RunsIn(const SweepRecord& sweep, JobPhase phase, std::int64_t limit,
                                      StoreReader& reader) {
  std::vector<JobRecord> runs;
  for (const JobKind kind : {JobKind::kTrain, JobKind::kCommand}) {
    JobFilter filter;
    filter.sweep = sweep.id;
    filter.kind = kind;
    filter.phases = {phase};
    filter.limit = limit - static_cast<std::int64_t>(runs.size());
    TUTTI_ASSIGN_OR_RETURN(auto some, reader.Jobs(filter));
    for (JobRecord& job : some) runs.push_back(std::move(job));
  }
  return runs;
}

// Equal failures once, the most frequent first.
Status AddFailures(const SweepRecord& sweep, StoreReader& reader, Explanation& explanation) {
  TUTTI_ASSIGN_OR_RETURN(const auto failed,
                         RunsIn(sweep, JobPhase::kFailed, kFailedLookedAt, reader));
  if (failed.empty()) return {};
  std::map<std::pair<FailureClass, std::string>, std::vector<JobId>> groups;
  for (const JobRecord& job : failed) {
    groups[{job.failure.value_or(FailureClass::kCrashed), job.message}].push_back(job.id);
  }
  std::vector<decltype(groups)::const_pointer> sorted;
  for (const auto& group : groups) sorted.push_back(&group);
  std::ranges::stable_sort(sorted, std::greater{},
                           [](auto* group) { return group->second.size(); });
  for (std::size_t i = 0; i < sorted.size() && i < kKindsOfFailureNamed; ++i) {
    const auto& [what, jobs] = *sorted[i];
    const std::string job = std::to_string(jobs.front().value);
    explanation.reasons.push_back(
        {std::string(Name(what.first)), std::to_string(jobs.size()) + " runs failed as " +
                                            std::string(Name(what.first)) + ", job " + job +
                                            " among them: " + what.second});
    explanation.advice.push_back({"see why job " + job + " failed", "tutti explain " + job});
  }
  explanation.advice.push_back(
      {"then start the failed runs over", "tutti retry " + sweep.name + " --failed"});
  return {};
}

Result<std::string> SummaryOf(const SweepRecord& sweep, StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const auto counts, reader.CountRuns(sweep.id));
  std::int64_t all = 0;
  std::string text;
  for (const PhaseCount& count : counts) {
    all += count.jobs;
    text += (text.empty() ? "" : ", ") + std::to_string(count.jobs) + " " +
            std::string(Name(count.phase));
  }
  return "sweep " + sweep.name + " (" + std::string(Name(sweep.state)) + ", priority " +
         std::to_string(sweep.priority) + "): " + std::to_string(all) + " runs: " + text;
}

}  // namespace

Result<JobFacts> FactsOf(const Core& core, JobId id, SteadyTime now) {
  JobFacts facts;
  TUTTI_ASSIGN_OR_RETURN(facts.situation, core.SituationOf(id, now));
  const bool about_shard =
      facts.situation.phase == JobPhase::kBlocked || facts.situation.phase == JobPhase::kFailed;
  const auto shard =
      facts.situation.failed_shard ? facts.situation.failed_shard : facts.situation.next_shard;
  if (!about_shard || !shard) return facts;
  TUTTI_ASSIGN_OR_RETURN(facts.shard, core.SituationOf(*shard, now));
  return facts;
}

Status ViewJobExplanation(const JobFacts& facts, StoreReader& reader,
                          v1::ExplainResponse& response) {
  TUTTI_ASSIGN_OR_RETURN(const Explanation explanation, ExplanationOf(facts, reader));
  ToProto(explanation, response);
  response.set_job_id(facts.situation.id.value);
  response.set_sweep(facts.situation.sweep);
  response.set_phase(tutti::ToProto(facts.situation.phase));
  return {};
}

Status ViewSweepExplanation(const SweepRecord& sweep, const std::optional<JobFacts>& waiting,
                            StoreReader& reader, v1::ExplainResponse& response) {
  Explanation explanation;
  TUTTI_ASSIGN_OR_RETURN(explanation.summary, SummaryOf(sweep, reader));
  if (waiting) {
    TUTTI_ASSIGN_OR_RETURN(const Explanation one, ExplanationOf(*waiting, reader));
    explanation.reasons.push_back({"waiting", one.summary});
    explanation.reasons.insert(explanation.reasons.end(), one.reasons.begin(), one.reasons.end());
    explanation.advice = one.advice;
    explanation.log_tail = one.log_tail;
  }
  TUTTI_RETURN_IF_ERROR(AddFailures(sweep, reader, explanation));
  if (explanation.reasons.empty()) {
    explanation.advice.push_back({"see how far it is", "tutti watch " + sweep.name});
    explanation.advice.push_back({"see what it gave so far", "tutti table " + sweep.name});
  }
  ToProto(explanation, response);
  response.set_sweep(sweep.name);
  return {};
}

Result<std::optional<JobId>> WaitingRunOf(const SweepRecord& sweep, StoreReader& reader) {
  for (const JobPhase phase : {JobPhase::kReady, JobPhase::kBlocked}) {
    TUTTI_ASSIGN_OR_RETURN(const auto runs, RunsIn(sweep, phase, 1, reader));
    if (!runs.empty()) return std::optional(runs.front().id);
  }
  return std::optional<JobId>();
}

}  // namespace tutti
