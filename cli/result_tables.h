// The two result tables for people and for programs, from one reply of the coordinator.
#pragma once

#include <string>

#include "common/json.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

// Table 1, laid out as the study's: columns Model, Type and one a slice length; rows Average and
// Best with six decimals, each row's highest in bold, then Std and Done (finished / planned runs).
// Further axes stand behind the model's name.
std::string F1Markdown(const v1::GetTableResponse& table);
// Table 2: one row a cell, mean ± std over seeds.
std::string PerformanceMarkdown(const v1::GetTableResponse& table);
// The line that says what the numbers rest on, and the tracks that were left out.
std::string TableCaption(const v1::GetTableResponse& table);
std::string TableNotes(const v1::GetTableResponse& table);

// One row a cell, all figures.
std::string TableCsv(const v1::GetTableResponse& table);

// The documented JSON of `tutti table --format json` and `tutti local --json`. kDataLoss: a cell's
// configuration is no JSON.
Result<OrderedJson> TableJson(const v1::GetTableResponse& table);

}  // namespace tutti
