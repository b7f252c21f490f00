#include "cli/result_tables.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "cli/text_table.h"
#include "common/duration.h"

namespace tutti {
namespace {

using Cell = v1::GetTableResponse::Cell;
using MeanStd = v1::GetTableResponse::MeanStd;

std::string Fixed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
  return buffer;
}

std::string SliceName(double seconds) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%gs", seconds);
  return buffer;
}

// The row that a cell belongs to: its model and every axis but the slice length.
std::string RowName(const std::string& model, const std::string& config_json) {
  std::string name = model;
  const auto config = ParseJson(config_json, "cell");
  if (!config.ok()) return name;
  std::string axes;
  for (const auto& [axis, value] : config->items()) {
    if (axis == "model" || axis == "slice_seconds") continue;
    axes += (axes.empty() ? "" : ", ") + axis + "=" + DumpJson(value);
  }
  return axes.empty() ? name : name + " (" + axes + ")";
}

// The cells of table 1 by row and slice length.
struct Grid {
  std::vector<std::string> rows;  // in order of appearance
  std::set<double> slices;
  std::map<std::pair<std::string, double>, const Cell*> cells;
};

Grid GridOf(const v1::GetTableResponse& table) {
  Grid grid;
  for (const Cell& cell : table.cells()) {
    const std::string row = RowName(cell.model(), cell.config_json());
    if (std::ranges::find(grid.rows, row) == grid.rows.end()) grid.rows.push_back(row);
    grid.slices.insert(cell.slice_seconds());
    grid.cells[{row, cell.slice_seconds()}] = &cell;
  }
  return grid;
}

using Figure = std::optional<double> (*)(const Cell&);

// One row of figures with the highest in bold.
TextRow FigureRow(const Grid& grid, const std::string& row, const std::string& type, Figure figure,
                  bool bold_highest) {
  std::optional<double> highest;
  std::vector<std::optional<double>> values;
  for (const double slice : grid.slices) {
    const auto cell = grid.cells.find({row, slice});
    const auto value = cell == grid.cells.end() ? std::nullopt : figure(*cell->second);
    if (value && (!highest || *value > *highest)) highest = value;
    values.push_back(value);
  }
  TextRow text{row, type};
  for (const auto& value : values) {
    const std::string number = value ? Fixed(*value, 6) : "–";
    text.push_back(bold_highest && value && *value == *highest ? "**" + number + "**" : number);
  }
  return text;
}

TextRow DoneRow(const Grid& grid, const std::string& row) {
  TextRow text{row, "Done"};
  for (const double slice : grid.slices) {
    const auto cell = grid.cells.find({row, slice});
    text.push_back(cell == grid.cells.end() ? "–"
                                            : std::to_string(cell->second->done()) + "/" +
                                                  std::to_string(cell->second->planned()));
  }
  return text;
}

std::string PlusMinus(const MeanStd& value, int decimals) {
  if (!value.has_mean()) return "–";
  const std::string mean = Fixed(value.mean(), decimals);
  return value.has_std() ? mean + " ± " + Fixed(value.std(), decimals) : mean;
}

std::string Elapsed(const MeanStd& value) {
  const auto format = [](double seconds) {
    return FormatElapsed(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)));
  };
  if (!value.has_mean()) return "–";
  return value.has_std() ? format(value.mean()) + " ± " + format(value.std())
                         : format(value.mean());
}

OrderedJson OrNull(bool has, double value) {
  return has ? OrderedJson(value) : OrderedJson();
}

OrderedJson ToJson(const MeanStd& value) {
  return {{"mean", OrNull(value.has_mean(), value.mean())},
          {"std", OrNull(value.has_std(), value.std())}};
}

Result<OrderedJson> CellHead(const std::string& config_json, const std::string& model,
                             double slice_seconds, int done, int planned) {
  const auto config = ParseJson(config_json, "configuration of a cell");
  if (!config.ok()) return DataLoss(config.error().message);
  return OrderedJson{{"config", *config},
                     {"model", model},
                     {"slice_seconds", slice_seconds},
                     {"done", done},
                     {"planned", planned}};
}

}  // namespace

std::string F1Markdown(const v1::GetTableResponse& table) {
  const Grid grid = GridOf(table);
  TextRow header{"Model", "Type"};
  for (const double slice : grid.slices) header.push_back(SliceName(slice));
  std::vector<TextRow> rows;
  for (const std::string& row : grid.rows) {
    const auto average = [](const Cell& cell) {
      return cell.has_average() ? std::optional(cell.average()) : std::nullopt;
    };
    const auto best = [](const Cell& cell) {
      return cell.has_best() ? std::optional(cell.best()) : std::nullopt;
    };
    const auto std = [](const Cell& cell) {
      return cell.has_std() ? std::optional(cell.std()) : std::nullopt;
    };
    rows.push_back(FigureRow(grid, row, "Average", average, true));
    rows.push_back(FigureRow(grid, row, "Best", best, true));
    rows.push_back(FigureRow(grid, row, "Std", std, false));
    rows.push_back(DoneRow(grid, row));
  }
  return MarkdownTable(header, rows);
}

std::string PerformanceMarkdown(const v1::GetTableResponse& table) {
  std::vector<TextRow> rows;
  for (const auto& cell : table.performance()) {
    rows.push_back({RowName(cell.model(), cell.config_json()), SliceName(cell.slice_seconds()),
                    PlusMinus(cell.slice_accuracy(), 6), PlusMinus(cell.song_accuracy(), 6),
                    Elapsed(cell.execution_seconds()), PlusMinus(cell.epochs(), 1),
                    std::to_string(cell.done()) + "/" + std::to_string(cell.planned())});
  }
  return MarkdownTable(
      {"Model", "Split Size", "Slice Accuracy", "Song Accuracy", "Execution Time", "Epoch", "Done"},
      rows);
}

std::string TableCaption(const v1::GetTableResponse& table) {
  return "Sweep " + table.sweep() + ": " + table.metric() + ", split " + table.split() +
         ", protocol " + table.protocol() + ", dataset version " +
         table.dataset_version().substr(0, 12) + "\n";
}

std::string TableNotes(const v1::GetTableResponse& table) {
  std::string notes;
  for (const auto& track : table.undecodable()) {
    notes += "Left out: " + track.path() + " (" + track.message() + ")\n";
  }
  return notes;
}

std::string TableCsv(const v1::GetTableResponse& table) {
  std::vector<TextRow> rows;
  const auto figure = [](bool has, double value) { return has ? Json(value).dump() : ""; };
  for (int i = 0; i < table.cells_size(); ++i) {
    const Cell& cell = table.cells(i);
    const auto& performance = table.performance(i);
    rows.push_back(
        {RowName(cell.model(), cell.config_json()), Json(cell.slice_seconds()).dump(),
         std::to_string(cell.done()), std::to_string(cell.planned()),
         figure(cell.has_average(), cell.average()), figure(cell.has_best(), cell.best()),
         figure(cell.has_std(), cell.std()),
         figure(performance.slice_accuracy().has_mean(), performance.slice_accuracy().mean()),
         figure(performance.song_accuracy().has_mean(), performance.song_accuracy().mean()),
         figure(performance.execution_seconds().has_mean(), performance.execution_seconds().mean()),
         figure(performance.epochs().has_mean(), performance.epochs().mean())});
  }
  return CsvTable({"model", "slice_seconds", "done", "planned", "average", "best", "std",
                   "slice_accuracy", "song_accuracy", "execution_seconds", "epochs"},
                  rows);
}

Result<OrderedJson> TableJson(const v1::GetTableResponse& table) {
  OrderedJson cells = OrderedJson::array();
  for (const Cell& cell : table.cells()) {
    TUTTI_ASSIGN_OR_RETURN(OrderedJson row,
                           CellHead(cell.config_json(), cell.model(), cell.slice_seconds(),
                                    cell.done(), cell.planned()));
    row["average"] = OrNull(cell.has_average(), cell.average());
    row["best"] = OrNull(cell.has_best(), cell.best());
    row["std"] = OrNull(cell.has_std(), cell.std());
    row["values"] = OrderedJson::object();
    const std::map<std::string, double> values(cell.values().begin(), cell.values().end());
    for (const auto& [seed, value] : values) row["values"][seed] = value;
    cells.push_back(std::move(row));
  }
  OrderedJson performance = OrderedJson::array();
  for (const auto& cell : table.performance()) {
    TUTTI_ASSIGN_OR_RETURN(OrderedJson row,
                           CellHead(cell.config_json(), cell.model(), cell.slice_seconds(),
                                    cell.done(), cell.planned()));
    row["slice_accuracy"] = ToJson(cell.slice_accuracy());
    row["song_accuracy"] = ToJson(cell.song_accuracy());
    row["execution_seconds"] = ToJson(cell.execution_seconds());
    row["epochs"] = ToJson(cell.epochs());
    performance.push_back(std::move(row));
  }
  OrderedJson json{{"sweep", table.sweep()},
                   {"split", table.split()},
                   {"protocol", table.protocol()},
                   {"dataset_version", table.dataset_version()},
                   {"metric", table.metric()},
                   {"cells", std::move(cells)},
                   {"performance", std::move(performance)}};
  json["undecodable"] = OrderedJson::array();
  for (const auto& track : table.undecodable()) {
    json["undecodable"].push_back({{"path", track.path()}, {"message", track.message()}});
  }
  return json;
}

}  // namespace tutti
