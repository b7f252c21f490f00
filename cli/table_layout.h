// The cells of a table laid out in two dimensions: which axis gives the rows, which the columns.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

// Axes as the sweep file names them ("model", "training.batch_size", "seed"), the last part alone
// where it is clear ("batch_size"). Empty: model and slice_seconds, where the sweep has them.
struct TableAxes {
  std::string rows;
  std::string columns;
};

// What one place of the layout shows.
struct TableFigures {
  std::string model;
  double slice_seconds = 0;
  int done = 0;
  int planned = 0;
  std::optional<double> average;
  std::optional<double> best;
  std::optional<double> std;
  std::optional<std::pair<double, double>> interval;  // 95 %
};

struct TableLayout {
  std::string row_title;             // "Model", or the axis
  std::vector<std::string> rows;     // in order of appearance; further axes that vary in brackets
  std::vector<std::string> columns;  // "1s", "batch_size=16"; numbers ascend
  std::map<std::pair<std::size_t, std::size_t>, TableFigures> places;  // (row, column)

  const TableFigures* Find(std::size_t row, std::size_t column) const;
};

// The value of every axis of a cell but seed, model and slice length among them.
std::map<std::string, Json> CellValues(const v1::GetTableResponse::Cell& cell);

// With seed as an axis every run is a place of its own; else the runs that differ only in seed
// share one. kInvalidArgument: an axis that the sweep does not have, or one axis for both.
Result<TableLayout> LayOut(const v1::GetTableResponse& table, const TableAxes& axes);

// "1s", "0.5s".
std::string SliceName(double seconds);
// A value of an axis as a person reads it: without quotes.
std::string ValueText(const Json& value);

}  // namespace tutti
