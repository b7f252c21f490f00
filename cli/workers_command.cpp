#include <iostream>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/text_table.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

std::string StateOf(const v1::WorkerInfo& worker) {
  return worker.state() == "away" && worker.drained() ? "away (drained)" : worker.state();
}

std::string WhyOf(const v1::WorkerInfo& worker) {
  std::string why = worker.drained() ? "tutti drain; tutti undrain takes it back" : "";
  for (const auto& place : worker.set_aside()) {
    why += why.empty() ? "" : "; ";
    if (!place.device().empty()) why += place.device() + " ";
    why += place.until_unix_ms() == 0 ? "has one job to try"
                                      : "set aside until " + TimeText(place.until_unix_ms());
    why += ", since " + place.reason();
  }
  return why;
}

std::string Percent(double share) {
  return Fixed(100 * share, 0) + " %";
}

std::string MemoryText(std::int64_t used_bytes, std::int64_t total_bytes) {
  constexpr double kGibibyte = 1 << 30;
  if (total_bytes == 0) return "";
  return Fixed(static_cast<double>(used_bytes) / kGibibyte, 1) + "/" +
         Fixed(static_cast<double>(total_bytes) / kGibibyte, 1) + " GiB";
}

std::string GpuText(const v1::MachineUse& use) {
  std::string text;
  for (const v1::MachineUse::Gpu& gpu : use.gpus()) {
    text += (text.empty() ? "" : "; ") + gpu.device() + " " + Percent(gpu.share()) + " " +
            MemoryText(gpu.memory_used_bytes(), gpu.memory_total_bytes());
  }
  return text;
}

Result<ExitCode> ListWorkers(Context& context) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto reply, connection->Call(&v1::SweepService::Stub::ListWorkers,
                                                            v1::ListWorkersRequest()));
  OrderedJson list = OrderedJson::array();
  std::vector<TextRow> rows;
  for (const auto& worker : reply.workers()) {
    if (context.quiet) std::cout << worker.name() << '\n';
    list.push_back(ToJson(worker));
    std::string jobs;
    for (const auto& attempt : worker.running()) {
      jobs += (jobs.empty() ? "" : ", ") + std::to_string(attempt.job_id());
    }
    rows.push_back({worker.name(), StateOf(worker),
                    std::to_string(worker.busy_slots()) + "/" + std::to_string(worker.slots()),
                    jobs, worker.has_use() ? Percent(worker.use().cpu_share()) : "",
                    MemoryText(worker.use().memory_used_bytes(), worker.use().memory_total_bytes()),
                    GpuText(worker.use()), worker.host(), worker.version(),
                    TimeText(worker.last_seen_unix_ms()), WhyOf(worker)});
  }
  if (context.json) {
    std::cout << list.dump(2) << '\n';
  } else if (!context.quiet) {
    std::cout << MarkdownTable({"Worker", "State", "Slots", "Jobs", "CPU", "Memory", "GPUs", "Host",
                                "Version", "Last seen", "Why"},
                               rows);
  }
  return ExitCode::kDone;
}

}  // namespace

void AddWorkersCommand(CLI::App& program, Context& context) {
  CLI::App* workers =
      program.add_subcommand("workers", "all workers and what they do\nExample: tutti workers");
  AddCommonOptions(*workers, context);
  SetAction(*workers, context, [&context] { return ListWorkers(context); });
}

}  // namespace tutti
