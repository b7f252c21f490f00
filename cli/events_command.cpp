#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "common/rpc/words.h"
#include "common/visible_text.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kAskEvery{500};

struct EventsOptions {
  std::string sweep;
  std::int64_t after = 0;
  bool follow = false;
};

std::string Line(const v1::Event& event) {
  std::string line =
      std::to_string(event.number()) + "  " + TimeText(event.at_unix_ms()) + "  " + event.kind();
  if (!event.sweep().empty()) line += "  sweep " + event.sweep();
  if (event.job_id() != 0) line += "  job " + std::to_string(event.job_id());
  if (event.attempt() != 0) line += "  attempt " + std::to_string(event.attempt());
  if (!event.worker().empty()) line += "  worker " + event.worker();
  if (!event.detail().empty()) line += "  " + event.detail();
  return OneLine(line);
}

void Print(const Context& context, const v1::Event& event) {
  if (context.json) {
    std::cout << ToJson(event).dump() << '\n';
  } else if (context.quiet) {
    std::cout << event.number() << '\n';
  } else {
    std::cout << Line(event) << '\n';
  }
}

Result<ExitCode> Events(Context& context, const EventsOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  if (options.follow) connection->WaitForItsReturn();
  v1::ListEventsRequest request;
  request.set_sweep(options.sweep);
  request.set_after(options.after);
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const auto reply,
                           connection->Call(&v1::SweepService::Stub::ListEvents, request));
    for (const v1::Event& event : reply.events()) Print(context, event);
    std::cout << std::flush;
    const bool at_the_end = reply.last_number() == request.after();
    request.set_after(reply.last_number());
    if (!at_the_end) continue;
    if (!options.follow || context.interrupt.Wait(kAskEvery)) return ExitCode::kDone;
  }
}

}  // namespace

void AddEventsCommand(CLI::App& program, Context& context) {
  CLI::App* events =
      program.add_subcommand("events",
                             "what happened, a line each; with --json one JSON object a line\n"
                             "Example: tutti events --follow");
  auto options = std::make_shared<EventsOptions>();
  events->add_option("sweep", options->sweep, "only of this sweep");
  events->add_option("--after", options->after, "only those with a higher number")
      ->check(CLI::NonNegativeNumber);
  events->add_flag("--follow", options->follow, "go on until interrupted");
  AddCommonOptions(*events, context);
  SetAction(*events, context, [&context, options] { return Events(context, *options); });
}

}  // namespace tutti
