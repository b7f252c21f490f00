#include "cli/result_tables.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "cli/published_study.h"
#include "common/duration.h"
#include "common/rpc/words.h"
#include "common/visible_text.h"

namespace tutti {
namespace {

using Cell = v1::GetTableResponse::Cell;
using MeanStd = v1::GetTableResponse::MeanStd;

constexpr std::string_view kF1Metric = "f1_macro";

std::string FixedOrDash(const std::optional<double>& value) {
  return value ? Fixed(*value, 6) : "–";
}

using Figure = std::function<std::optional<double>(const TableFigures&)>;
enum class Highest { kBold, kPlain };

void AddFigures(const TableLayout& layout, std::size_t row, const std::string& type,
                const Figure& figure, Highest highest, TextTable& table) {
  std::vector<std::optional<double>> values;
  for (std::size_t column = 0; column < layout.columns.size(); ++column) {
    const TableFigures* place = layout.Find(row, column);
    values.push_back(place == nullptr ? std::nullopt : figure(*place));
  }
  const std::optional<double> most = *std::ranges::max_element(values);  // nothing is the smallest
  TextRow text{layout.rows[row], type};
  for (const auto& value : values) {
    if (highest == Highest::kBold && value && value == most) {
      table.bold.insert({table.rows.size(), text.size()});
    }
    text.push_back(FixedOrDash(value));
  }
  table.rows.push_back(std::move(text));
}

// Only where some cell has one.
void AddIntervals(const TableLayout& layout, std::size_t row, TextTable& table) {
  TextRow text{layout.rows[row], "95 %"};
  bool has_any = false;
  for (std::size_t column = 0; column < layout.columns.size(); ++column) {
    const TableFigures* place = layout.Find(row, column);
    const bool has = place != nullptr && place->interval;
    has_any |= has;
    text.push_back(
        has ? Fixed(place->interval->first, 3) + " to " + Fixed(place->interval->second, 3) : "–");
  }
  if (has_any) table.rows.push_back(std::move(text));
}

void AddDone(const TableLayout& layout, std::size_t row, TextTable& table) {
  TextRow text{layout.rows[row], "Done"};
  for (std::size_t column = 0; column < layout.columns.size(); ++column) {
    const TableFigures* place = layout.Find(row, column);
    text.push_back(place == nullptr
                       ? "–"
                       : std::to_string(place->done) + "/" + std::to_string(place->planned));
  }
  table.rows.push_back(std::move(text));
}

std::optional<double> PublishedAverage(const TableFigures& place) {
  const auto published = FindPublishedF1(place.model, place.slice_seconds);
  return published ? std::optional(published->average) : std::nullopt;
}

std::optional<double> PublishedBest(const TableFigures& place) {
  const auto published = FindPublishedF1(place.model, place.slice_seconds);
  return published ? std::optional(published->best) : std::nullopt;
}

std::optional<double> AbovePublished(const TableFigures& place) {
  const auto published = PublishedAverage(place);
  return place.average && published ? std::optional(*place.average - *published) : std::nullopt;
}

void AddPublished(const TableLayout& layout, std::size_t row, TextTable& table) {
  AddFigures(layout, row, "Published average", PublishedAverage, Highest::kBold, table);
  AddFigures(layout, row, "Published best", PublishedBest, Highest::kBold, table);
  AddFigures(layout, row, "Average − published", AbovePublished, Highest::kPlain, table);
}

Status CheckAgainst(const v1::GetTableResponse& table, const TableAxes& axes, Against against) {
  if (against == Against::kNothing) return {};
  const bool by_study = (axes.rows.empty() || axes.rows == "model") &&
                        (axes.columns.empty() || axes.columns == "slice_seconds");
  if (by_study && table.metric() == kF1Metric) return {};
  return InvalidArgument(
      "--against published: the study reports f1_macro by model and slice_seconds; leave --metric, "
      "--rows and --columns out");
}

std::string PlusMinus(const MeanStd& value, int decimals) {
  if (!value.has_mean()) return "–";
  const std::string mean = Fixed(value.mean(), decimals);
  return value.has_std() ? mean + " ± " + Fixed(value.std(), decimals) : mean;
}

std::string ElapsedText(double seconds) {
  return FormatElapsed(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

std::string Elapsed(const MeanStd& value) {
  if (!value.has_mean()) return "–";
  const std::string mean = ElapsedText(value.mean());
  return value.has_std() ? mean + " ± " + ElapsedText(value.std()) : mean;
}

bool HasModel(const v1::GetTableResponse& table) {
  return std::ranges::any_of(table.cells(), [](const Cell& cell) { return !cell.model().empty(); });
}

bool HasSlices(const v1::GetTableResponse& table) {
  return std::ranges::any_of(table.cells(),
                             [](const Cell& cell) { return cell.slice_seconds() > 0; });
}

// Axes of the cells but model, slice length and seed.
std::vector<std::string> FurtherAxes(const v1::GetTableResponse& table) {
  std::vector<std::string> axes;
  for (const Cell& cell : table.cells()) {
    const auto config = ParseJson(cell.config_json(), "cell");
    if (!config.ok() || !config->is_object()) continue;
    for (const auto& [axis, value] : config->items()) {
      if (axis == "model" || axis == "slice_seconds") continue;
      if (std::ranges::find(axes, axis) == axes.end()) axes.push_back(axis);
    }
  }
  return axes;
}

std::vector<std::string> AxisTexts(const std::string& config_json,
                                   const std::vector<std::string>& axes) {
  const auto config = ParseJson(config_json, "cell");
  std::vector<std::string> texts;
  for (const std::string& axis : axes) {
    const bool has = config.ok() && config->is_object() && config->contains(axis);
    texts.push_back(has ? ValueText((*config)[axis]) : "–");
  }
  return texts;
}

OrderedJson PublishedJson(const Cell& cell) {
  const auto published = FindPublishedF1(cell.model(), cell.slice_seconds());
  if (!published) return {};
  return {{"average", published->average}, {"best", published->best}};
}

OrderedJson PublishedJson(const v1::GetTableResponse::PerformanceCell& cell) {
  const auto published = FindPublishedPerformance(cell.model(), cell.slice_seconds());
  if (!published) return {};
  return {{"slice_accuracy", published->slice_accuracy},
          {"song_accuracy", published->song_accuracy},
          {"execution_seconds", published->execution_seconds},
          {"epochs", published->epochs}};
}

}  // namespace

Result<TextTable> F1Table(const v1::GetTableResponse& table, const TableAxes& axes,
                          Against against) {
  TUTTI_RETURN_IF_ERROR(CheckAgainst(table, axes, against));
  TUTTI_ASSIGN_OR_RETURN(const TableLayout layout, LayOut(table, axes));
  TextTable text;
  text.label_columns = 2;
  text.header = {layout.row_title, "Type"};
  text.header.insert(text.header.end(), layout.columns.begin(), layout.columns.end());
  for (std::size_t row = 0; row < layout.rows.size(); ++row) {
    AddFigures(layout, row, "Average", &TableFigures::average, Highest::kBold, text);
    AddFigures(layout, row, "Best", &TableFigures::best, Highest::kBold, text);
    if (against == Against::kPublished) AddPublished(layout, row, text);
    AddFigures(layout, row, "Std", &TableFigures::std, Highest::kPlain, text);
    AddIntervals(layout, row, text);
    AddDone(layout, row, text);
  }
  return text;
}

TextTable PerformanceTable(const v1::GetTableResponse& table, Against against) {
  const std::vector<std::string> axes = FurtherAxes(table);
  const bool has_model = HasModel(table);
  const bool has_slices = HasSlices(table);
  TextTable text;
  if (has_model) text.header.push_back("Model");
  if (has_slices) text.header.push_back("Split Size");
  text.header.insert(text.header.end(), axes.begin(), axes.end());
  text.label_columns = text.header.size();
  for (const char* title : {"Slice Accuracy", "Song Accuracy", "Execution Time", "Epoch", "Done"}) {
    text.header.push_back(title);
  }
  const auto add = [&](const std::string& model, const auto& cell, const TextRow& figures) {
    TextRow row;
    if (has_model) row.push_back(model);
    if (has_slices) row.push_back(SliceName(cell.slice_seconds()));
    const TextRow values = AxisTexts(cell.config_json(), axes);
    row.insert(row.end(), values.begin(), values.end());
    row.insert(row.end(), figures.begin(), figures.end());
    text.rows.push_back(std::move(row));
  };
  for (const auto& cell : table.performance()) {
    add(cell.model(), cell,
        {PlusMinus(cell.slice_accuracy(), 6), PlusMinus(cell.song_accuracy(), 6),
         Elapsed(cell.execution_seconds()), PlusMinus(cell.epochs(), 1),
         std::to_string(cell.done()) + "/" + std::to_string(cell.planned())});
    if (against == Against::kNothing) continue;
    const auto published = FindPublishedPerformance(cell.model(), cell.slice_seconds());
    if (!published) continue;
    add(cell.model() + " (published)", cell,
        {Fixed(published->slice_accuracy, 6), Fixed(published->song_accuracy, 6),
         ElapsedText(published->execution_seconds), std::to_string(published->epochs), "1/1"});
  }
  return text;
}

std::string TableCaption(const v1::GetTableResponse& table) {
  return "Sweep " + table.sweep() + ": " + table.metric() + ", split " + table.split() +
         ", protocol " + table.protocol() + ", dataset version " +
         table.dataset_version().substr(0, 12) + "\n";
}

std::string TableNotes(const v1::GetTableResponse& table) {
  std::string notes;
  if (!table.metrics().empty() &&
      std::ranges::find(table.metrics(), table.metric()) == table.metrics().end()) {
    notes += "No result has " + table.metric() + "; --metric takes one of:";
    for (const std::string& metric : table.metrics()) notes += " " + metric;
    notes += "\n";
  }
  if (table.crossing_duplicates() > 0) {
    notes += "Duplicates: up to " + std::to_string(table.crossing_duplicates()) +
             " songs of a run's validation and test parts are on another side of its split too, "
             "under another name; split.duplicates: refuse forbids that, split.kind: grouped "
             "avoids it\n";
  }
  for (const Cell& cell : table.cells()) {
    if (!cell.mixed_environment()) continue;
    notes += "Mixed: the runs of " + cell.config_json() +
             " differ in LibTorch's build, processor, device, threads or precision (tutti show JOB "
             "tells which)\n";
  }
  return notes + LeftOutNotes(table);
}

std::string LeftOutNotes(const v1::GetTableResponse& table) {
  std::string notes;
  for (const auto& track : table.undecodable()) {
    notes += OneLine("Left out: " + track.path() + " (" + track.message() + ")") + "\n";
  }
  return notes;
}

std::string TableCsv(const v1::GetTableResponse& table) {
  const std::vector<std::string> axes = FurtherAxes(table);
  TextRow header{"model", "slice_seconds"};
  header.insert(header.end(), axes.begin(), axes.end());
  for (const char* title : {"done", "planned", "average", "best", "std", "slice_accuracy",
                            "slice_accuracy_std", "song_accuracy", "song_accuracy_std",
                            "execution_seconds", "execution_seconds_std", "epochs", "epochs_std"}) {
    header.push_back(title);
  }
  const auto figure = [](bool has, double value) { return has ? Json(value).dump() : ""; };
  std::vector<TextRow> rows;
  for (int i = 0; i < table.cells_size() && i < table.performance_size(); ++i) {
    const Cell& cell = table.cells(i);
    const auto& performance = table.performance(i);
    TextRow row{cell.model(), figure(cell.slice_seconds() > 0, cell.slice_seconds())};
    const TextRow values = AxisTexts(cell.config_json(), axes);
    row.insert(row.end(), values.begin(), values.end());
    row.push_back(std::to_string(cell.done()));
    row.push_back(std::to_string(cell.planned()));
    row.push_back(figure(cell.has_average(), cell.average()));
    row.push_back(figure(cell.has_best(), cell.best()));
    row.push_back(figure(cell.has_std(), cell.std()));
    for (const MeanStd* value : {&performance.slice_accuracy(), &performance.song_accuracy(),
                                 &performance.execution_seconds(), &performance.epochs()}) {
      row.push_back(figure(value->has_mean(), value->mean()));
      row.push_back(figure(value->has_std(), value->std()));
    }
    rows.push_back(std::move(row));
  }
  return CsvTable(header, rows);
}

Result<OrderedJson> TableJson(const v1::GetTableResponse& table, Against against) {
  TUTTI_ASSIGN_OR_RETURN(OrderedJson json, ToJson(table));
  if (against != Against::kPublished) return json;
  for (int i = 0; i < table.cells_size(); ++i) {
    json["cells"][static_cast<std::size_t>(i)]["published"] = PublishedJson(table.cells(i));
  }
  for (int i = 0; i < table.performance_size(); ++i) {
    json["performance"][static_cast<std::size_t>(i)]["published"] =
        PublishedJson(table.performance(i));
  }
  return json;
}

}  // namespace tutti
