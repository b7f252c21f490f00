#include <iostream>
#include <memory>
#include <optional>
#include <set>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/findings.h"
#include "cli/queries.h"
#include "cli/result_tables.h"
#include "cli/table_layout.h"
#include "cli/text_table.h"

namespace tutti {
namespace {

using Cell = v1::GetTableResponse::Cell;
using Values = std::map<std::string, Json>;

struct CompareOptions {
  std::string first;
  std::string second;
  std::string metric;
};

// One cell of each sweep that agree in every axis that both have; null: the other has none.
struct Pair {
  Values values;
  const Cell* first = nullptr;
  const Cell* second = nullptr;
};

std::set<std::string> AxesOf(const v1::GetTableResponse& table) {
  std::set<std::string> axes;
  for (const Cell& cell : table.cells()) {
    for (const auto& [axis, value] : CellValues(cell)) axes.insert(axis);
  }
  return axes;
}

bool Agree(const Values& a, const Values& b, const std::set<std::string>& axes) {
  for (const std::string& axis : axes) {
    const auto left = a.find(axis);
    const auto right = b.find(axis);
    if (left == a.end() || right == b.end()) continue;
    if (left->second != right->second) return false;
  }
  return true;
}

std::vector<Pair> PairUp(const v1::GetTableResponse& first, const v1::GetTableResponse& second) {
  std::set<std::string> axes = AxesOf(first);
  axes.merge(AxesOf(second));
  std::vector<Pair> pairs;
  std::set<const Cell*> paired;
  for (const Cell& a : first.cells()) {
    for (const Cell& b : second.cells()) {
      Values values = CellValues(a);
      const Values others = CellValues(b);
      if (!Agree(values, others, axes)) continue;
      values.insert(others.begin(), others.end());
      pairs.push_back({std::move(values), &a, &b});
      paired.insert({&a, &b});
    }
    if (!paired.contains(&a)) pairs.push_back({CellValues(a), &a, nullptr});
  }
  for (const Cell& b : second.cells()) {
    if (!paired.contains(&b)) pairs.push_back({CellValues(b), nullptr, &b});
  }
  return pairs;
}

std::optional<double> AverageOf(const Cell* cell) {
  return cell != nullptr && cell->has_average() ? std::optional(cell->average()) : std::nullopt;
}

std::optional<double> Difference(const Pair& pair) {
  const auto first = AverageOf(pair.first);
  const auto second = AverageOf(pair.second);
  return first && second ? std::optional(*second - *first) : std::nullopt;
}

std::string FixedOrDash(const std::optional<double>& value) {
  return value ? Fixed(*value, 6) : "–";
}

std::string SignedOrDash(const std::optional<double>& value) {
  return value ? Signed(*value, 6) : "–";
}

std::string Done(const Cell* cell) {
  if (cell == nullptr) return "–";
  return std::to_string(cell->done()) + "/" + std::to_string(cell->planned());
}

TextTable ComparisonTable(const std::vector<Pair>& pairs, const CompareOptions& options) {
  std::vector<std::string> axes;
  for (const Pair& pair : pairs) {
    for (const auto& [axis, value] : pair.values) {
      if (std::ranges::find(axes, axis) == axes.end()) axes.push_back(axis);
    }
  }
  TextTable table;
  table.header.assign(axes.begin(), axes.end());
  table.label_columns = axes.size();
  for (const std::string& title : {options.first, options.second, std::string("Difference"),
                                   options.first + " done", options.second + " done"}) {
    table.header.push_back(title);
  }
  for (const Pair& pair : pairs) {
    TextRow row;
    for (const std::string& axis : axes) {
      const auto value = pair.values.find(axis);
      row.push_back(value == pair.values.end() ? "–" : ValueText(value->second));
    }
    const auto first = AverageOf(pair.first);
    const auto second = AverageOf(pair.second);
    if (first && second && *first != *second) {
      table.bold.insert({table.rows.size(), row.size() + (*first > *second ? 0U : 1U)});
    }
    row.insert(row.end(), {FixedOrDash(first), FixedOrDash(second), SignedOrDash(Difference(pair)),
                           Done(pair.first), Done(pair.second)});
    table.rows.push_back(std::move(row));
  }
  return table;
}

OrderedJson CellJson(const Cell* cell) {
  if (cell == nullptr) return {};
  const auto average = AverageOf(cell);
  return {{"done", cell->done()},
          {"planned", cell->planned()},
          {"average", average ? OrderedJson(*average) : OrderedJson()},
          {"std", cell->has_std() ? OrderedJson(cell->std()) : OrderedJson()}};
}

Result<OrderedJson> UndecodableJson(const v1::GetTableResponse& table) {
  TUTTI_ASSIGN_OR_RETURN(const OrderedJson json, TableJson(table));
  return json["undecodable"];
}

Result<OrderedJson> ComparisonJson(const std::vector<Pair>& pairs,
                                   const v1::GetTableResponse& first,
                                   const v1::GetTableResponse& second) {
  OrderedJson cells = OrderedJson::array();
  for (const Pair& pair : pairs) {
    const auto difference = Difference(pair);
    cells.push_back({{"config", pair.values},
                     {"first", CellJson(pair.first)},
                     {"second", CellJson(pair.second)},
                     {"difference", difference ? OrderedJson(*difference) : OrderedJson()}});
  }
  TUTTI_ASSIGN_OR_RETURN(OrderedJson of_first, UndecodableJson(first));
  TUTTI_ASSIGN_OR_RETURN(OrderedJson of_second, UndecodableJson(second));
  return OrderedJson{
      {"first", first.sweep()},
      {"second", second.sweep()},
      {"metric", first.metric()},
      {"cells", std::move(cells)},
      {"undecodable", {{"first", std::move(of_first)}, {"second", std::move(of_second)}}}};
}

// Each sweep's; once where both left out the same.
std::string LeftOutOfBoth(const v1::GetTableResponse& first, const v1::GetTableResponse& second) {
  const std::string of_first = LeftOutNotes(first);
  const std::string of_second = LeftOutNotes(second);
  if (of_first == of_second) return of_first;
  std::string text;
  if (!of_first.empty()) text += "Of " + first.sweep() + ":\n" + of_first;
  if (!of_second.empty()) text += "Of " + second.sweep() + ":\n" + of_second;
  return text;
}

// What makes the figures of two sweeps hard to hold against each other.
std::string Cautions(const v1::GetTableResponse& first, const v1::GetTableResponse& second) {
  std::string text;
  const auto differ = [&](const char* what, const std::string& a, const std::string& b) {
    if (a == b) return;
    text += std::string("The sweeps differ in ") + what + ": " + first.sweep() + " has " + a +
            ", " + second.sweep() + " has " + b + "\n";
  };
  differ("their dataset's version", first.dataset_version().substr(0, 12),
         second.dataset_version().substr(0, 12));
  differ("their split", first.split(), second.split());
  differ("their protocol", first.protocol(), second.protocol());
  return text;
}

Result<ExitCode> Compare(Context& context, const CompareOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(const auto first, FetchTable(*connection, options.first, options.metric));
  TUTTI_ASSIGN_OR_RETURN(const auto second,
                         FetchTable(*connection, options.second, options.metric));
  const std::vector<Pair> pairs = PairUp(first, second);
  if (context.json) {
    TUTTI_ASSIGN_OR_RETURN(const OrderedJson json, ComparisonJson(pairs, first, second));
    std::cout << json.dump(2) << '\n';
    return ExitCode::kDone;
  }
  if (context.quiet) {
    for (const Pair& pair : pairs) {
      std::cout << CellName(pair.first != nullptr ? *pair.first : *pair.second) << '\n';
    }
    return ExitCode::kDone;
  }
  std::cout << "Average " << first.metric() << " of " << options.first << " and " << options.second
            << "; the difference is the second less the first\n\n"
            << MarkdownTable(ComparisonTable(pairs, options));
  const std::string notes = Cautions(first, second) + LeftOutOfBoth(first, second);
  if (!notes.empty()) std::cout << '\n' << notes;
  return ExitCode::kDone;
}

}  // namespace

void AddCompareCommand(CLI::App& program, Context& context) {
  CLI::App* compare = program.add_subcommand("compare",
                                             "two sweeps, cell by cell\n"
                                             "Example: tutti compare gtzan-baseline gtzan-grouped");
  auto options = std::make_shared<CompareOptions>();
  compare->add_option("sweep", options->first)->required();
  compare->add_option("other_sweep", options->second)->required();
  compare->add_option("--metric", options->metric, "metric to compare (default f1_macro)");
  AddCommonOptions(*compare, context);
  SetAction(*compare, context, [&context, options] { return Compare(context, *options); });
}

}  // namespace tutti
