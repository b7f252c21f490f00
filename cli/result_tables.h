// The two result tables for people and for programs, from one reply of the coordinator.
#pragma once

#include <string>

#include "cli/table_layout.h"
#include "cli/text_table.h"
#include "common/json.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

// Whether the figures of the published study stand beside the sweep's own.
enum class Against { kNothing, kPublished };

// Table 1, laid out as the study's: columns Model, Type and one a slice length; rows Average and
// Best with six decimals, each row's highest in bold, then Std and Done (finished / planned runs).
// Further axes stand behind the model's name; other axes on request. kInvalidArgument: an axis that
// the sweep does not have; kPublished with another metric or other axes than the study's.
Result<TextTable> F1Table(const v1::GetTableResponse& table, const TableAxes& axes = {},
                          Against against = Against::kNothing);
// Table 2: one row a cell, mean ± std over seeds. Further axes have columns of their own.
TextTable PerformanceTable(const v1::GetTableResponse& table, Against against = Against::kNothing);

// The line that says what the numbers rest on, and what a reader must know: tracks that were left
// out, a metric that no result has.
std::string TableCaption(const v1::GetTableResponse& table);
std::string TableNotes(const v1::GetTableResponse& table);

// "Left out: jazz/jazz.00054.wav (no audio)", a line each; empty: every track decoded.
std::string LeftOutNotes(const v1::GetTableResponse& table);

// One row a cell, a column an axis, all figures.
std::string TableCsv(const v1::GetTableResponse& table);

// The documented JSON of `tutti table --format json` and `tutti local --json`. kDataLoss: a cell's
// configuration is no JSON.
Result<OrderedJson> TableJson(const v1::GetTableResponse& table,
                              Against against = Against::kNothing);

}  // namespace tutti
