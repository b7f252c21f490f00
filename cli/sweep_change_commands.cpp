// cancel, pause, resume, retry, priority, delete: each one change of a sweep that is there.
#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/job_number.h"
#include "common/ids.h"

namespace tutti {
namespace {

// What stands in the message beside the sweep's name.
using Fill = std::function<void(v1::ChangeSweepRequest&)>;

Result<ExitCode> Change(Context& context, const std::string& sweep, const Fill& fill,
                        const std::string& done) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::ChangeSweepRequest request;
  request.set_request_id(MakeUuid(context.random));
  request.set_sweep(sweep);
  fill(request);
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::SweepService::Stub::ChangeSweep, request));
  if (context.json) {
    std::cout << OrderedJson{{"sweep", sweep}, {"runs", reply.runs()}}.dump(2) << '\n';
  } else if (context.quiet) {
    std::cout << sweep << '\n';
  } else {
    std::cout << "sweep " << sweep << ": " << done;
    if (reply.runs() > 0) std::cout << ", " << reply.runs() << " runs";
    std::cout << '\n';
  }
  return ExitCode::kDone;
}

Result<ExitCode> CancelJob(Context& context, std::int64_t id) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::CancelJobRequest request;
  request.set_request_id(MakeUuid(context.random));
  request.set_id(id);
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::SweepService::Stub::CancelJob, request));
  if (context.json) {
    std::cout << OrderedJson{{"job", request.id()}}.dump(2) << '\n';
  } else {
    const std::string number = std::to_string(id);
    std::cout << (context.quiet ? number : "job " + number + ": cancelled") << '\n';
  }
  return ExitCode::kDone;
}

struct SweepCommand {
  const char* name;
  const char* help;
  const char* done;
  Fill fill;
};

void Add(CLI::App& program, Context& context, const SweepCommand& command) {
  CLI::App* added = program.add_subcommand(command.name, command.help);
  auto sweep = std::make_shared<std::string>();
  added->add_option("sweep", *sweep)->required();
  AddCommonOptions(*added, context);
  SetAction(*added, context, [&context, sweep, command] {
    return Change(context, *sweep, command.fill, command.done);
  });
}

void AddCancel(CLI::App& program, Context& context) {
  CLI::App* cancel = program.add_subcommand(
      "cancel",
      "end every run of a sweep that has not ended, or one job by its number\n"
      "Example: tutti cancel gtzan-baseline");
  auto what = std::make_shared<std::string>();
  cancel->add_option("sweep_or_job", *what, "a sweep's name, or a job's number")->required();
  AddCommonOptions(*cancel, context);
  SetAction(*cancel, context, [&context, what] {
    if (const auto job = JobNumber(*what)) return CancelJob(context, *job);
    return Change(
        context, *what, [](v1::ChangeSweepRequest& request) { request.mutable_cancel(); },
        "cancelled");
  });
}

void AddRetry(CLI::App& program, Context& context) {
  CLI::App* retry = program.add_subcommand(
      "retry",
      "failed and cancelled runs start over; succeeded ones are never done again\n"
      "Example: tutti retry gtzan-baseline --failed");
  auto sweep = std::make_shared<std::string>();
  auto only_failed = std::make_shared<bool>(false);
  retry->add_option("sweep", *sweep)->required();
  retry->add_flag("--failed", *only_failed, "only failed runs, not cancelled ones");
  AddCommonOptions(*retry, context);
  SetAction(*retry, context, [&context, sweep, only_failed] {
    return Change(
        context, *sweep,
        [&](v1::ChangeSweepRequest& request) {
          request.mutable_retry()->set_only_failed(*only_failed);
        },
        "starts over");
  });
}

void AddPriority(CLI::App& program, Context& context) {
  CLI::App* command = program.add_subcommand(
      "priority",
      "sweeps of higher priority get free slots first\nExample: tutti priority gtzan-baseline 10");
  auto sweep = std::make_shared<std::string>();
  auto priority = std::make_shared<std::int64_t>(0);
  command->add_option("sweep", *sweep)->required();
  command->add_option("priority", *priority, "a whole number; 0 is the default")
      ->required()
      ->check(CLI::Range(-1'000'000, 1'000'000));
  AddCommonOptions(*command, context);
  SetAction(*command, context, [&context, sweep, priority] {
    return Change(
        context, *sweep,
        [&](v1::ChangeSweepRequest& request) {
          request.mutable_set_priority()->set_priority(*priority);
        },
        "priority " + std::to_string(*priority));
  });
}

}  // namespace

void AddSweepChangeCommands(CLI::App& program, Context& context) {
  AddCancel(program, context);
  Add(program, context,
      {"pause", "no new runs start; what runs ends\nExample: tutti pause gtzan-baseline", "paused",
       [](v1::ChangeSweepRequest& request) { request.mutable_pause(); }});
  Add(program, context,
      {"resume", "a paused sweep goes on\nExample: tutti resume gtzan-baseline", "goes on",
       [](v1::ChangeSweepRequest& request) { request.mutable_resume(); }});
  AddRetry(program, context);
  AddPriority(program, context);
  Add(program, context,
      {"delete",
       "a sweep with its results, once nothing of it runs; features stay for other sweeps\n"
       "Example: tutti delete gtzan-baseline",
       "deleted", [](v1::ChangeSweepRequest& request) { request.mutable_delete_(); }});
}

}  // namespace tutti
