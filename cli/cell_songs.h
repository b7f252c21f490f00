// What every run of a cell said of every song of its test part.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/connection.h"
#include "common/classification_report.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

struct SongOutcome {
  std::int32_t label = 0;
  std::int32_t predicted = 0;
};

struct CellSongs {
  const v1::GetTableResponse::Cell* cell = nullptr;                    // of the table given
  const v1::GetTableResponse::PerformanceCell* performance = nullptr;  // likewise
  std::vector<std::string> classes;
  std::map<std::pair<std::string, std::string>, SongOutcome> songs;  // by (seed, path)
};

// One a cell, in the table's order; asks for each finished run.
Result<std::vector<CellSongs>> GatherCellSongs(Connection& connection,
                                               const v1::GetTableResponse& table);

// How often only one of two is right, over the songs that both were tested on with the same seed,
// and what follows from it.
struct PairedSongs {
  std::int64_t songs = 0;  // that both were tested on
  std::int64_t only_first = 0;
  std::int64_t only_second = 0;
  double p = 1;  // of McNemar's exact test
};
PairedSongs PairUp(const CellSongs& first, const CellSongs& second);

// Of all seeds together. Requires songs.
ClassificationReport ReportOf(const CellSongs& cell);

}  // namespace tutti
