// drain and undrain: whether a worker takes work.
#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "common/ids.h"

namespace tutti {
namespace {

enum class Change { kDrain, kUndrain };

std::string Describe(const v1::ChangeWorkerResponse& reply, Change change) {
  const std::string name = "worker " + reply.name();
  if (change == Change::kUndrain) {
    return name + (reply.changed() ? ": takes work again" : ": was not drained");
  }
  if (!reply.changed()) return name + ": is drained already";
  if (reply.running() == 0) return name + ": takes no more work";
  return name + ": takes no more work, and gives back what it runs (" +
         std::to_string(reply.running()) + ")";
}

Result<ExitCode> ChangeWorker(Context& context, const std::string& worker, Change change) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::ChangeWorkerRequest request;
  request.set_request_id(MakeUuid(context.random));
  request.set_worker(worker);
  if (change == Change::kDrain) {
    request.mutable_drain();
  } else {
    request.mutable_undrain();
  }
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::SweepService::Stub::ChangeWorker, request));
  if (context.json) {
    std::cout << OrderedJson{{"id", reply.id()},
                             {"name", reply.name()},
                             {"changed", reply.changed()},
                             {"running", reply.running()}}
                     .dump(2)
              << '\n';
  } else {
    std::cout << (context.quiet ? reply.id() : Describe(reply, change)) << '\n';
  }
  return ExitCode::kDone;
}

void Add(CLI::App& program, Context& context, const char* name, const char* help, Change change) {
  CLI::App* command = program.add_subcommand(name, help);
  auto worker = std::make_shared<std::string>();
  command->add_option("worker", *worker, "its name, or its id where several have the name")
      ->required();
  AddCommonOptions(*command, context);
  SetAction(*command, context,
            [&context, worker, change] { return ChangeWorker(context, *worker, change); });
}

}  // namespace

void AddWorkerChangeCommands(CLI::App& program, Context& context) {
  Add(program, context, "drain",
      "a worker saves what it runs, gives it back and takes no more work, also after a restart\n"
      "Example: tutti drain gpu1",
      Change::kDrain);
  Add(program, context, "undrain", "a drained worker takes work again\nExample: tutti undrain gpu1",
      Change::kUndrain);
}

}  // namespace tutti
