#include <iostream>
#include <memory>

#include "cli/cell_songs.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/findings.h"
#include "cli/queries.h"
#include "cli/result_tables.h"
#include "cli/text_table.h"
#include "common/duration.h"

namespace tutti {
namespace {

void PrintDuels(const char* title, const std::vector<Duel>& duels) {
  if (duels.empty()) return;
  std::cout << "\n## " << title << "\n\n";
  for (const Duel& duel : duels) std::cout << "- " << Sentence(duel) << '\n';
}

void PrintSongs(const std::vector<Gain>& songs) {
  if (songs.empty()) return;
  std::cout << "\n## Songs against slices\n\n";
  std::size_t above = 0;
  std::vector<TextRow> rows;
  for (const Gain& gain : songs) {
    above += gain.song_accuracy > gain.slice_accuracy ? 1 : 0;
    rows.push_back({gain.cell, Fixed(gain.slice_accuracy, 6), Fixed(gain.song_accuracy, 6),
                    Signed(gain.song_accuracy - gain.slice_accuracy, 6)});
  }
  std::cout << "A vote over slices is right more often than a single slice in " << above << " of "
            << songs.size() << " cells.\n\n"
            << MarkdownTable({"Cell", "Slice accuracy", "Song accuracy", "Gain"}, rows);
}

void PrintCosts(const std::vector<Cost>& costs) {
  if (costs.empty()) return;
  std::cout << "\n## Time against accuracy\n\n"
               "By execution time; no other cell is both faster and better than one in bold.\n\n";
  TextTable table{{"Cell", "Execution time", "Average"}, {}, {}};
  for (const Cost& cost : costs) {
    if (cost.is_front) table.bold.insert({table.rows.size(), 0});
    const auto time =
        std::chrono::milliseconds(static_cast<std::int64_t>(cost.execution_seconds * 1000));
    table.rows.push_back({cost.cell, FormatElapsed(time), Fixed(cost.average, 6)});
  }
  std::cout << MarkdownTable(table);
}

void PrintConfusions(const std::vector<CellSongs>& cells) {
  for (const CellSongs& cell : cells) {
    if (cell.songs.empty()) continue;
    const ClassificationReport report = ReportOf(cell);
    std::cout << "\n### " << CellName(*cell.cell)
              << ": songs by true class (rows) and prediction\n\n";
    TextRow header{""};
    header.insert(header.end(), cell.classes.begin(), cell.classes.end());
    header.insert(header.end(), {"Recall", "Precision", "F1"});
    std::vector<TextRow> rows;
    for (std::size_t label = 0; label < cell.classes.size(); ++label) {
      TextRow row{cell.classes[label]};
      for (const std::int64_t songs : report.confusion[label]) row.push_back(std::to_string(songs));
      const ClassScores& scores = report.classes[label];
      row.insert(row.end(),
                 {Fixed(scores.recall, 3), Fixed(scores.precision, 3), Fixed(scores.f1, 3)});
      rows.push_back(std::move(row));
    }
    std::cout << MarkdownTable(header, rows);
  }
}

OrderedJson ToJson(const std::vector<Duel>& duels) {
  OrderedJson rows = OrderedJson::array();
  for (const Duel& duel : duels) {
    rows.push_back({{"better", duel.better},
                    {"worse", duel.worse},
                    {"better_average", duel.better_average},
                    {"worse_average", duel.worse_average},
                    {"songs", duel.songs.songs},
                    {"only_better", duel.songs.only_first},
                    {"only_worse", duel.songs.only_second},
                    {"p", duel.songs.p}});
  }
  return rows;
}

Result<OrderedJson> ReportJson(const v1::GetTableResponse& table, const Findings& findings,
                               const std::vector<CellSongs>& cells) {
  TUTTI_ASSIGN_OR_RETURN(OrderedJson json, TableJson(table));
  json["best_models"] = ToJson(findings.best_models);
  json["slice_lengths"] = ToJson(findings.slice_lengths);
  json["songs"] = OrderedJson::array();
  for (const Gain& gain : findings.songs) {
    json["songs"].push_back({{"cell", gain.cell},
                             {"slice_accuracy", gain.slice_accuracy},
                             {"song_accuracy", gain.song_accuracy},
                             {"gain", gain.song_accuracy - gain.slice_accuracy}});
  }
  json["costs"] = OrderedJson::array();
  for (const Cost& cost : findings.costs) {
    json["costs"].push_back({{"cell", cost.cell},
                             {"average", cost.average},
                             {"execution_seconds", cost.execution_seconds},
                             {"front", cost.is_front}});
  }
  json["confusions"] = OrderedJson::array();
  for (const CellSongs& cell : cells) {
    if (cell.songs.empty()) continue;
    json["confusions"].push_back({{"cell", CellName(*cell.cell)},
                                  {"classes", cell.classes},
                                  {"matrix", ReportOf(cell).confusion}});
  }
  return json;
}

Result<ExitCode> Report(Context& context, const std::string& sweep) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto table, FetchTable(*connection, sweep));
  TUTTI_ASSIGN_OR_RETURN(const auto cells, GatherCellSongs(*connection, table));
  const Findings findings = MakeFindings(cells);
  if (context.json) {
    TUTTI_ASSIGN_OR_RETURN(const OrderedJson json, ReportJson(table, findings, cells));
    std::cout << json.dump(2) << '\n';
    return ExitCode::kDone;
  }
  if (context.quiet) {
    for (const Duel& duel : findings.best_models) std::cout << duel.better << '\n';
    return ExitCode::kDone;
  }
  TUTTI_ASSIGN_OR_RETURN(const TextTable f1, F1Table(table));
  std::cout << "# " << sweep << "\n\n"
            << TableCaption(table) << '\n'
            << MarkdownTable(f1) << '\n'
            << MarkdownTable(PerformanceTable(table));
  const std::string notes = TableNotes(table);
  if (!notes.empty()) std::cout << '\n' << notes;
  PrintDuels("Best model of each slice length", findings.best_models);
  PrintDuels("Shortest against longest slices", findings.slice_lengths);
  PrintSongs(findings.songs);
  PrintCosts(findings.costs);
  std::cout << "\n## Confusions\n";
  PrintConfusions(cells);
  return ExitCode::kDone;
}

}  // namespace

void AddReportCommand(CLI::App& program, Context& context) {
  CLI::App* report = program.add_subcommand(
      "report",
      "both tables, what follows from them and how sure it is, and the confusion matrices\n"
      "Example: tutti report gtzan-baseline > report.md");
  auto sweep = std::make_shared<std::string>();
  report->add_option("sweep", *sweep)->required();
  AddCommonOptions(*report, context);
  SetAction(*report, context, [&context, sweep] { return Report(context, *sweep); });
}

}  // namespace tutti
