#include "cli/table_layout.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "common/nearest_word.h"

namespace tutti {
namespace {

constexpr std::string_view kModel = "model";
constexpr std::string_view kSlice = "slice_seconds";
constexpr std::string_view kSeed = "seed";

// A cell, or one run of it, with the value of every axis.
struct Entry {
  std::map<std::string, Json> values;
  TableFigures figures;
};

std::vector<std::string> AxesOf(const v1::GetTableResponse& table) {
  std::vector<std::string> axes(table.axes().begin(), table.axes().end());
  const auto add = [&](std::string_view axis) {
    if (std::ranges::find(axes, axis) == axes.end()) axes.emplace_back(axis);
  };
  for (const auto& cell : table.cells()) {
    if (!cell.model().empty()) add(kModel);
    if (cell.slice_seconds() > 0) add(kSlice);
    const auto config = ParseJson(cell.config_json(), "cell");
    if (!config.ok() || !config->is_object()) continue;
    for (const auto& [axis, value] : config->items()) add(axis);
  }
  add(kSeed);
  return axes;
}

bool IsNamed(std::string_view axis, std::string_view name) {
  if (axis == name) return true;
  return axis.size() > name.size() && axis.ends_with(name) &&
         axis[axis.size() - name.size() - 1] == '.';
}

Result<std::string> ChooseAxis(const std::vector<std::string>& axes, const std::string& name,
                               std::string_view option) {
  std::vector<std::string> found;
  for (const std::string& axis : axes) {
    if (axis == name) return axis;
    if (IsNamed(axis, name)) found.push_back(axis);
  }
  if (found.size() == 1) return found[0];
  std::string list;
  for (const std::string& axis : axes) list += (list.empty() ? "" : ", ") + axis;
  return InvalidArgument(std::string(option) + ": the sweep has " +
                         (found.empty() ? "no axis" : "several axes") + " \"" + name + "\"" +
                         (found.empty() ? DidYouMean(name, axes, "its axes are: " + list)
                                        : "; its axes are: " + list));
}

// The first axis of `wanted`, else the first that is neither seed nor taken; empty: none.
std::string DefaultAxis(const std::vector<std::string>& axes, std::string_view wanted,
                        const std::string& taken) {
  if (wanted != taken && std::ranges::find(axes, wanted) != axes.end()) return std::string(wanted);
  for (const std::string& axis : axes) {
    if (axis != kSeed && axis != kModel && axis != taken) return axis;
  }
  return "";
}

Result<TableAxes> ChooseAxes(const v1::GetTableResponse& table, const TableAxes& asked) {
  const std::vector<std::string> axes = AxesOf(table);
  TableAxes chosen;
  if (!asked.rows.empty()) {
    TUTTI_ASSIGN_OR_RETURN(chosen.rows, ChooseAxis(axes, asked.rows, "--rows"));
  }
  if (!asked.columns.empty()) {
    TUTTI_ASSIGN_OR_RETURN(chosen.columns, ChooseAxis(axes, asked.columns, "--columns"));
  }
  if (chosen.rows.empty()) chosen.rows = DefaultAxis(axes, kModel, chosen.columns);
  if (chosen.columns.empty()) chosen.columns = DefaultAxis(axes, kSlice, chosen.rows);
  if (!chosen.rows.empty() && chosen.rows == chosen.columns) {
    return InvalidArgument("--rows and --columns: both are " + chosen.rows +
                           "; give two different axes");
  }
  return chosen;
}

Entry EntryOf(const v1::GetTableResponse::Cell& cell) {
  Entry entry;
  entry.values = CellValues(cell);
  TableFigures& figures = entry.figures;
  figures.model = cell.model();
  figures.slice_seconds = cell.slice_seconds();
  figures.done = cell.done();
  figures.planned = cell.planned();
  if (cell.has_average()) figures.average = cell.average();
  if (cell.has_best()) figures.best = cell.best();
  if (cell.has_std()) figures.std = cell.std();
  if (cell.has_low() && cell.has_high()) figures.interval = {cell.low(), cell.high()};
  return entry;
}

// One entry a run that has the metric.
void AddRuns(const v1::GetTableResponse::Cell& cell, std::vector<Entry>& entries) {
  std::map<std::string, double> values(cell.values().begin(), cell.values().end());
  for (const auto& [seed, value] : values) {
    Entry entry = EntryOf(cell);
    const auto number = ParseJson(seed, "seed");
    entry.values[std::string(kSeed)] = number.ok() ? *number : Json(seed);
    entry.figures.done = entry.figures.planned = 1;
    entry.figures.average = entry.figures.best = value;
    entry.figures.std.reset();
    entry.figures.interval.reset();
    entries.push_back(std::move(entry));
  }
}

Json ValueOf(const Entry& entry, const std::string& axis) {
  const auto value = entry.values.find(axis);
  return value == entry.values.end() ? Json() : value->second;
}

// Axes that tell entries apart; what is the same for all of them needs no words.
std::set<std::string> VaryingAxes(const std::vector<Entry>& entries) {
  std::map<std::string, Json> first;
  std::set<std::string> varying;
  for (const Entry& entry : entries) {
    for (const auto& [axis, value] : entry.values) {
      const auto [seen, is_new] = first.emplace(axis, value);
      if (seen->second != value) varying.insert(axis);
    }
  }
  return varying;
}

std::string RowName(const Entry& entry, const TableAxes& axes,
                    const std::set<std::string>& varying) {
  std::string name = axes.rows.empty() ? "all" : ValueText(ValueOf(entry, axes.rows));
  std::string others;
  for (const auto& [axis, value] : entry.values) {
    if (axis == axes.rows || axis == axes.columns || !varying.contains(axis)) continue;
    others += (others.empty() ? "" : ", ") + axis + "=" + ValueText(value);
  }
  return others.empty() ? name : name + " (" + others + ")";
}

// Numbers ascend; other values keep their order of appearance.
std::vector<Json> ColumnValues(const std::vector<Entry>& entries, const std::string& axis) {
  std::vector<Json> values;
  for (const Entry& entry : entries) {
    const Json value = ValueOf(entry, axis);
    if (std::ranges::find(values, value) == values.end()) values.push_back(value);
  }
  if (std::ranges::all_of(values, [](const Json& value) { return value.is_number(); })) {
    std::ranges::sort(values, {}, [](const Json& value) { return value.get<double>(); });
  }
  return values;
}

std::string ColumnName(const std::string& axis, const Json& value, const std::string& metric) {
  if (axis.empty()) return metric;
  if (axis == kSlice && value.is_number()) return SliceName(value.get<double>());
  return axis + "=" + ValueText(value);
}

}  // namespace

std::string SliceName(double seconds) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%gs", seconds);
  return buffer;
}

std::string ValueText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

std::map<std::string, Json> CellValues(const v1::GetTableResponse::Cell& cell) {
  std::map<std::string, Json> values;
  const auto config = ParseJson(cell.config_json(), "cell");
  if (config.ok() && config->is_object()) {
    for (const auto& [axis, value] : config->items()) values[axis] = value;
  }
  if (!cell.model().empty()) values[std::string(kModel)] = cell.model();
  if (cell.slice_seconds() > 0) values[std::string(kSlice)] = cell.slice_seconds();
  return values;
}

const TableFigures* TableLayout::Find(std::size_t row, std::size_t column) const {
  const auto found = places.find({row, column});
  return found == places.end() ? nullptr : &found->second;
}

Result<TableLayout> LayOut(const v1::GetTableResponse& table, const TableAxes& asked) {
  TUTTI_ASSIGN_OR_RETURN(const TableAxes axes, ChooseAxes(table, asked));
  const bool by_seed = axes.rows == kSeed || axes.columns == kSeed;
  std::vector<Entry> entries;
  for (const auto& cell : table.cells()) {
    if (by_seed) {
      AddRuns(cell, entries);
    } else {
      entries.push_back(EntryOf(cell));
    }
  }
  TableLayout layout;
  layout.row_title = axes.rows == kModel ? "Model" : axes.rows.empty() ? "Runs" : axes.rows;
  const std::vector<Json> values = ColumnValues(entries, axes.columns);
  for (const Json& value : values) {
    layout.columns.push_back(ColumnName(axes.columns, value, table.metric()));
  }
  const std::set<std::string> varying = VaryingAxes(entries);
  for (const Entry& entry : entries) {
    const std::string name = RowName(entry, axes, varying);
    const auto found = std::ranges::find(layout.rows, name);
    const auto row = static_cast<std::size_t>(found - layout.rows.begin());
    if (found == layout.rows.end()) layout.rows.push_back(name);
    const auto column = std::ranges::find(values, ValueOf(entry, axes.columns)) - values.begin();
    layout.places[{row, static_cast<std::size_t>(column)}] = entry.figures;
  }
  return layout;
}

}  // namespace tutti
