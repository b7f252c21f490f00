#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/findings.h"
#include "cli/marked_text.h"
#include "cli/queries.h"
#include "cli/result_tables.h"

namespace tutti {
namespace {

struct TableOptions {
  std::string sweep;
  std::string kind = "all";
  std::string metric;
  TableAxes axes;
  std::string format = "markdown";
  std::string against;
  std::filesystem::path update;

  bool wants(std::string_view table) const { return kind == "all" || kind == table; }
  Against published() const {
    return against == "published" ? Against::kPublished : Against::kNothing;
  }
};

using Renderer = std::string (*)(const TextTable&);

// A table with what its reader must know.
std::string Block(const TextTable& table, const v1::GetTableResponse& reply) {
  const std::string notes = TableNotes(reply);
  return TableCaption(reply) + "\n" + MarkdownTable(table) + (notes.empty() ? "" : "\n" + notes);
}

// What a file became, and what its writer may have meant otherwise.
struct UpdatedText {
  std::string text;
  std::string notes;
};

// The file's text between the marks of the tables that are asked for. With all tables those count
// that have marks, one at least; which have none is told.
Result<UpdatedText> Updated(std::string text, const TableOptions& options, const TextTable& f1,
                            const TextTable& performance, const v1::GetTableResponse& reply) {
  const std::string file = options.update.string();
  if (options.kind == "all" && !HasMarks(text, "f1") && !HasMarks(text, "performance")) {
    return InvalidArgument(file + ": no marks" + MarkThatDoesNotCount(text, "f1") +
                           "; put <!-- tutti:f1 --> and <!-- /tutti:f1 --> on lines of "
                           "their own where the table belongs (performance likewise)");
  }
  std::string notes;
  const auto replace = [&](const std::string& name, const TextTable& table) -> Status {
    if (!options.wants(name)) return {};
    if (options.kind == "all" && !HasMarks(text, name)) {
      notes += file + ": the table " + name + " is not in it: no marks <!-- tutti:" + name +
               " --> and <!-- /tutti:" + name + " -->" + MarkThatDoesNotCount(text, name) + "\n";
      return {};
    }
    TUTTI_ASSIGN_OR_RETURN(text, ReplaceMarked(text, name, Block(table, reply), file));
    return {};
  };
  TUTTI_RETURN_IF_ERROR(replace("f1", f1));
  TUTTI_RETURN_IF_ERROR(replace("performance", performance));
  return UpdatedText{std::move(text), std::move(notes)};
}

// A link keeps pointing where it points, a file keeps its permissions.
Status Update(Context& context, const TableOptions& options, const TextTable& f1,
              const TextTable& performance, const v1::GetTableResponse& reply) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text, context.files.ReadFile(options.update));
  TUTTI_ASSIGN_OR_RETURN(const UpdatedText updated, Updated(text, options, f1, performance, reply));
  std::error_code failed;
  const auto target = std::filesystem::canonical(options.update, failed);
  if (failed) return NotFound(options.update.string() + ": " + failed.message());
  const auto mode = static_cast<unsigned>(std::filesystem::status(target, failed).permissions());
  if (updated.text != text) {
    TUTTI_RETURN_IF_ERROR(context.files.WriteFileAtomically(target, updated.text, mode & 07777U));
  }
  if (context.quiet) return {};
  std::cerr << updated.notes << options.update.string() << ": up to date\n";
  return {};
}

void Print(const TableOptions& options, Renderer render, const TextTable& f1,
           const TextTable& performance, const v1::GetTableResponse& reply) {
  const std::string comment = options.format == "latex" ? "% " : "";
  std::cout << comment << TableCaption(reply) << '\n';
  if (options.wants("f1")) std::cout << render(f1);
  if (options.kind == "all") std::cout << '\n';
  if (options.wants("performance")) std::cout << render(performance);
  std::istringstream notes(TableNotes(reply));
  bool is_first = true;
  for (std::string line; std::getline(notes, line); is_first = false) {
    std::cout << (is_first ? "\n" : "") << comment << line << '\n';
  }
}

Result<ExitCode> Table(Context& context, const TableOptions& options) {
  if (!options.update.empty() && (options.format != "markdown" || context.json)) {
    return InvalidArgument("--update writes Markdown; leave --format and --json out");
  }
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto reply, FetchTable(*connection, options.sweep, options.metric));
  TUTTI_ASSIGN_OR_RETURN(const TextTable f1, F1Table(reply, options.axes, options.published()));
  const TextTable performance = PerformanceTable(reply, options.published());
  if (!options.update.empty()) {
    TUTTI_RETURN_IF_ERROR(Update(context, options, f1, performance, reply));
  } else if (context.quiet && !context.json) {
    for (const auto& cell : reply.cells()) std::cout << CellName(cell) << '\n';
  } else if (context.json || options.format == "json") {
    TUTTI_ASSIGN_OR_RETURN(const OrderedJson json, TableJson(reply, options.published()));
    std::cout << json.dump(2) << '\n';
  } else if (options.format == "csv") {
    // The columns are for programs; who reads them still learns what is missing.
    std::cout << TableCsv(reply) << std::flush;
    std::cerr << TableNotes(reply);
  } else {
    Print(options, options.format == "latex" ? LatexTable : Renderer(MarkdownTable), f1,
          performance, reply);
  }
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
  table->add_option("--rows", options->axes.rows,
                    "axis of the first table's rows (default model); seed shows every run");
  table->add_option("--columns", options->axes.columns,
                    "axis of the first table's columns (default slice_seconds)");
  table->add_option("--format", options->format)
      ->check(CLI::IsMember({"markdown", "csv", "latex", "json"}))
      ->capture_default_str();
  table->add_option("--against", options->against, "the published study's figures beside ours")
      ->check(CLI::IsMember({"published"}));
  table->add_option("--update", options->update,
                    "Markdown file: replaces what stands between <!-- tutti:f1 --> and\n"
                    "<!-- /tutti:f1 -->, and between the marks of performance, each alone on its\n"
                    "line and in no code block; nothing else");
  AddCommonOptions(*table, context);
  SetAction(*table, context, [&context, options] { return Table(context, *options); });
}

}  // namespace tutti
