#include <cstdio>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/job_number.h"
#include "cli/queries.h"
#include "cli/show_sweep.h"
#include "cli/text_table.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

constexpr int kEpochsShown = 5;

std::string Number(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.6g", value);
  return buffer;
}

void PrintAttempts(const v1::GetJobResponse& job) {
  std::vector<TextRow> rows;
  for (const auto& attempt : job.attempts()) {
    std::string reason = attempt.message();
    if (attempt.failure() != v1::FAILURE_CLASS_UNSPECIFIED) {
      reason = FailureName(attempt.failure()) + ": " + reason;
    }
    rows.push_back({std::to_string(attempt.attempt()), attempt.worker(), attempt.outcome(),
                    TimeText(attempt.granted_at_unix_ms()), TimeText(attempt.ended_at_unix_ms()),
                    reason});
  }
  std::cout << '\n'
            << MarkdownTable({"Attempt", "Worker", "Outcome", "Granted", "Ended", "Why"}, rows);
  for (const auto& attempt : job.attempts()) {
    if (attempt.log_tail().empty()) continue;
    std::cout << "\nLast log lines of attempt " << attempt.attempt() << ":\n";
    for (const auto& line : attempt.log_tail()) std::cout << "  " << line << '\n';
  }
}

void PrintEpochs(const v1::GetJobResponse& job) {
  if (job.epochs().empty()) return;
  std::vector<TextRow> rows;
  for (int i = std::max(0, job.epochs_size() - kEpochsShown); i < job.epochs_size(); ++i) {
    const auto& epoch = job.epochs(i);
    rows.push_back({std::to_string(epoch.epoch()), Number(epoch.train_loss()),
                    Number(epoch.train_accuracy()), Number(epoch.val_loss()),
                    Number(epoch.val_accuracy()), Number(epoch.seconds())});
  }
  std::cout << '\n'
            << MarkdownTable(
                   {"Epoch", "Train loss", "Train accuracy", "Val loss", "Val accuracy", "Seconds"},
                   rows);
}

template <class Map>
void PrintValues(const std::string& title, const Map& values) {
  if (values.empty()) return;
  std::vector<TextRow> rows;
  for (const auto& [name, value] : std::map<std::string, double>(values.begin(), values.end())) {
    rows.push_back({name, Number(value)});
  }
  std::cout << '\n' << MarkdownTable({title, ""}, rows);
}

Result<ExitCode> ShowJob(Context& context, std::int64_t id) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto job, JobDetails(*connection, id));
  if (context.json) {
    std::cout << ToJson(job).dump(2) << '\n';
    return ExitCode::kDone;
  }
  if (context.quiet) {
    std::cout << id << '\n';
    return ExitCode::kDone;
  }
  std::cout << "Job " << id << " (" << KindName(job.job().kind()) << ") of sweep "
            << job.job().sweep() << ": " << PhaseName(job.job().phase()) << '\n';
  if (!job.job().message().empty()) std::cout << job.job().message() << '\n';
  if (!job.job().config_json().empty()) std::cout << "Run: " << job.job().config_json() << '\n';
  PrintAttempts(job);
  PrintEpochs(job);
  PrintValues("Metric", job.metrics());
  PrintValues("Seconds", job.timings_seconds());
  return ExitCode::kDone;
}

Result<ExitCode> Show(Context& context, const std::string& what) {
  if (const auto id = JobNumber(what)) return ShowJob(context, *id);
  return ShowSweep(context, what);
}

}  // namespace

void AddShowCommand(CLI::App& program, Context& context) {
  CLI::App* show = program.add_subcommand(
      "show",
      "one job (attempts, curves, scores, timings), or one sweep (how far it is; afterwards how "
      "far "
      "off its estimates were)\nExample: tutti show 12; tutti show gtzan-baseline");
  auto what = std::make_shared<std::string>();
  show->add_option("sweep_or_job", *what,
                   "a sweep's name, or a job's number, as tutti jobs shows it")
      ->required();
  AddCommonOptions(*show, context);
  SetAction(*show, context, [&context, what] { return Show(context, *what); });
}

}  // namespace tutti
