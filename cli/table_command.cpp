#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/result_tables.h"

namespace tutti {
namespace {

struct TableOptions {
  std::string sweep;
  std::string kind = "all";
  std::string metric;
  std::string format = "markdown";
};

Result<ExitCode> PrintTable(Context& context, const TableOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::GetTableRequest request;
  request.set_sweep(options.sweep);
  request.set_metric(options.metric);
  TUTTI_ASSIGN_OR_RETURN(const auto table,
                         connection->Call(&v1::SweepService::Stub::GetTable, request));
  if (context.json || options.format == "json") {
    TUTTI_ASSIGN_OR_RETURN(const OrderedJson json, TableJson(table));
    std::cout << json.dump(2) << '\n';
    return ExitCode::kDone;
  }
  if (options.format == "csv") {
    std::cout << TableCsv(table);
    return ExitCode::kDone;
  }
  std::cout << TableCaption(table) << '\n';
  if (options.kind != "performance") std::cout << F1Markdown(table);
  if (options.kind == "all") std::cout << '\n';
  if (options.kind != "f1") std::cout << PerformanceMarkdown(table);
  const std::string notes = TableNotes(table);
  if (!notes.empty()) std::cout << '\n' << notes;
  return ExitCode::kDone;
}

}  // namespace

void AddTableCommand(CLI::App& program, Context& context) {
  CLI::App* table = program.add_subcommand("table",
                                           "the result tables, from the results that are stored\n"
                                           "Example: tutti table gtzan-baseline --kind f1");
  auto options = std::make_shared<TableOptions>();
  table->add_option("sweep", options->sweep)->required();
  table->add_option("--kind", options->kind)
      ->check(CLI::IsMember({"f1", "performance", "all"}))
      ->capture_default_str();
  table->add_option("--metric", options->metric, "metric of the first table (default f1_macro)");
  table->add_option("--format", options->format)
      ->check(CLI::IsMember({"markdown", "csv", "json"}))
      ->capture_default_str();
  AddCommonOptions(*table, context);
  SetAction(*table, context, [&context, options] { return PrintTable(context, *options); });
}

}  // namespace tutti
