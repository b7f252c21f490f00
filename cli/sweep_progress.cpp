#include "cli/sweep_progress.h"

#include <cstdio>
#include <iostream>

#include "common/json.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kAskEvery{500};

std::string DescribeRun(const v1::JobInfo& job) {
  const auto config = ParseJson(job.config_json(), "job");
  if (!config.ok() || !config->is_object()) return "";
  std::string text = config->value("model", "run");
  if (config->contains("slice_seconds")) text += " " + (*config)["slice_seconds"].dump() + "s";
  if (config->contains("seed")) text += " seed " + (*config)["seed"].dump();
  if (job.has_last_epoch()) {
    char buffer[64];
    std::snprintf(buffer, sizeof(buffer), ": epoch %d, loss %.4f", job.last_epoch().epoch(),
                  job.last_epoch().val_loss());
    text += buffer;
  }
  return text;
}

}  // namespace

SweepCounts CountsOf(const v1::SweepInfo& sweep) {
  SweepCounts counts;
  for (const v1::PhaseCount& count : sweep.runs()) {
    if (count.phase() == v1::JOB_PHASE_CANCELLED) {
      counts.cancelled += count.jobs();
      continue;
    }
    counts.planned += count.jobs();
    switch (count.phase()) {
      case v1::JOB_PHASE_SUCCEEDED:
        counts.succeeded += count.jobs();
        break;
      case v1::JOB_PHASE_FAILED:
        counts.failed += count.jobs();
        break;
      case v1::JOB_PHASE_LEASED:
      case v1::JOB_PHASE_RUNNING:
        counts.running += count.jobs();
        break;
      default:
        counts.waiting += count.jobs();
    }
  }
  for (const v1::PhaseCount& count : sweep.preprocess()) {
    counts.shards += count.jobs();
    if (count.phase() == v1::JOB_PHASE_SUCCEEDED) counts.shards_done += count.jobs();
  }
  return counts;
}

std::string ProgressLine(const v1::GetSweepResponse& sweep) {
  const SweepCounts counts = CountsOf(sweep.sweep());
  std::string line;
  if (counts.shards_done < counts.shards) {
    line +=
        "shards " + std::to_string(counts.shards_done) + "/" + std::to_string(counts.shards) + ", ";
  }
  line += "runs " + std::to_string(counts.succeeded) + "/" + std::to_string(counts.planned);
  if (counts.running > 0) {
    line += ", " + std::to_string(counts.running) + " running";
    std::string runs;
    for (const v1::JobInfo& job : sweep.running()) {
      if (job.kind() == v1::JOB_KIND_PREPROCESS) continue;
      runs += (runs.empty() ? "" : "; ") + DescribeRun(job);
    }
    if (!runs.empty()) line += " (" + runs + ")";
  }
  if (counts.failed > 0) line += ", " + std::to_string(counts.failed) + " failed";
  if (sweep.sweep().state() == "paused") line += ", paused";
  if (counts.cancelled > 0) line += ", " + std::to_string(counts.cancelled) + " cancelled";
  return line;
}

Result<SweepCounts> WaitForSweep(Context& context, Connection& connection, const std::string& name,
                                 const std::function<Status()>& still_fine) {
  v1::GetSweepRequest request;
  request.set_name(name);
  std::string last_line;
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const auto sweep,
                           connection.Call(&v1::SweepService::Stub::GetSweep, request));
    const std::string line = ProgressLine(sweep);
    if (!context.quiet && line != last_line) std::cerr << name << ": " << line << '\n';
    last_line = line;
    const SweepCounts counts = CountsOf(sweep.sweep());
    if (counts.ended()) return counts;
    TUTTI_RETURN_IF_ERROR(still_fine());
    if (context.interrupt.Wait(kAskEvery)) return Error{ErrorCode::kCancelled, "stopped watching"};
  }
}

}  // namespace tutti
