#include "cli/show_sweep.h"

#include <cmath>
#include <iostream>

#include "cli/connection.h"
#include "cli/sweep_progress.h"
#include "cli/text_table.h"
#include "common/duration.h"
#include "common/rpc/words.h"
#include "common/visible_text.h"

namespace tutti {
namespace {

using PastEstimate = v1::GetSweepResponse::PastEstimate;

std::string Elapsed(double seconds) {
  return FormatElapsed(std::chrono::milliseconds(std::llround(1e3 * seconds)));
}

// How far the middle of the range was from what came, as a share of that.
double Error(const PastEstimate& past) {
  return (past.low_seconds() + past.high_seconds()) / 2 / past.actual_seconds() - 1;
}

OrderedJson WholeJson(const v1::GetSweepResponse& reply) {
  OrderedJson json = ToJson(reply.sweep());
  json["past_estimates"] = OrderedJson::array();
  for (const PastEstimate& past : reply.past_estimates()) {
    json["past_estimates"].push_back({{"after_seconds", past.after_seconds()},
                                      {"low_seconds", past.low_seconds()},
                                      {"high_seconds", past.high_seconds()},
                                      {"actual_seconds", past.actual_seconds()},
                                      {"error", Error(past)}});
  }
  return json;
}

void PrintPastEstimates(const v1::GetSweepResponse& reply) {
  if (reply.past_estimates().empty()) return;
  std::vector<TextRow> rows;
  for (const PastEstimate& past : reply.past_estimates()) {
    const int percent = static_cast<int>(std::lround(100 * Error(past)));
    rows.push_back({Elapsed(past.after_seconds()),
                    Elapsed(past.low_seconds()) + " – " + Elapsed(past.high_seconds()),
                    Elapsed(past.actual_seconds()),
                    (percent > 0 ? "+" : "") + std::to_string(percent) + " %"});
  }
  std::cout << '\n'
            << MarkdownTable({"After", "Estimate of what is left", "It took", "Middle off by"},
                             rows);
}

}  // namespace

Result<ExitCode> ShowSweep(Context& context, const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::GetSweepRequest request;
  request.set_name(name);
  request.set_past_estimates(true);
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::SweepService::Stub::GetSweep, request));
  const v1::SweepInfo& sweep = reply.sweep();
  if (context.json) {
    std::cout << WholeJson(reply).dump(2) << '\n';
    return ExitCode::kDone;
  }
  if (context.quiet) {
    std::cout << sweep.name() << '\n';
    return ExitCode::kDone;
  }
  std::cout << ProgressLine(reply) << '\n'
            << "Sweep " << sweep.name() << " (" << sweep.state() << "), submitted "
            << TimeText(sweep.created_at_unix_ms()) << '\n';
  if (!sweep.dataset().empty()) {
    std::cout << "Dataset " << sweep.dataset() << ", version " << sweep.dataset_version() << '\n';
  }
  for (const auto& track : reply.undecodable()) {
    std::cout << OneLine("Left out: " + track.path() + ": " + track.message()) << '\n';
  }
  PrintPastEstimates(reply);
  return ExitCode::kDone;
}

}  // namespace tutti
