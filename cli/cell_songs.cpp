#include "cli/cell_songs.h"

#include <algorithm>

#include "cli/queries.h"
#include "cli/run_folder.h"
#include "cli/table_layout.h"
#include "common/mcnemar.h"

namespace tutti {
namespace {

// Whether the run's configuration has the cell's values.
bool IsOf(const Json& config, const v1::GetTableResponse::Cell& cell) {
  return std::ranges::all_of(CellValues(cell), [&](const auto& axis) {
    return AxisValue(config, axis.first) == axis.second;
  });
}

Status AddRun(Connection& connection, const v1::JobInfo& job, std::vector<CellSongs>& cells) {
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json(), "configuration"));
  const auto cell =
      std::ranges::find_if(cells, [&](const CellSongs& c) { return IsOf(config, *c.cell); });
  if (cell == cells.end()) return {};
  TUTTI_ASSIGN_OR_RETURN(const auto details, JobDetails(connection, job.id()));
  const std::string seed = DumpJson(config.value("seed", Json()));
  cell->classes.assign(details.classes().begin(), details.classes().end());
  for (const auto& song : details.predictions()) {
    const bool has_class = song.label() >= 0 && song.label() < details.classes_size() &&
                           song.predicted() >= 0 && song.predicted() < details.classes_size();
    if (has_class) cell->songs[{seed, song.path()}] = {song.label(), song.predicted()};
  }
  return {};
}

}  // namespace

Result<std::vector<CellSongs>> GatherCellSongs(Connection& connection,
                                               const v1::GetTableResponse& table) {
  std::vector<CellSongs> cells;
  for (int i = 0; i < table.cells_size(); ++i) {
    cells.push_back({&table.cells(i), &table.performance(i), {}, {}});
  }
  TUTTI_ASSIGN_OR_RETURN(const auto jobs,
                         AllJobs(connection, table.sweep(), {v1::JOB_PHASE_SUCCEEDED}));
  for (const v1::JobInfo& job : jobs) {
    if (job.kind() == v1::JOB_KIND_PREPROCESS) continue;
    TUTTI_RETURN_IF_ERROR(AddRun(connection, job, cells));
  }
  return cells;
}

PairedSongs PairUp(const CellSongs& first, const CellSongs& second) {
  PairedSongs pair;
  for (const auto& [key, outcome] : first.songs) {
    const auto other = second.songs.find(key);
    if (other == second.songs.end()) continue;
    ++pair.songs;
    const bool first_right = outcome.predicted == outcome.label;
    const bool second_right = other->second.predicted == other->second.label;
    pair.only_first += first_right && !second_right ? 1 : 0;
    pair.only_second += second_right && !first_right ? 1 : 0;
  }
  pair.p = McNemarExact(pair.only_first, pair.only_second);
  return pair;
}

ClassificationReport ReportOf(const CellSongs& cell) {
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> predictions;
  for (const auto& [key, song] : cell.songs) {
    labels.push_back(song.label);
    predictions.push_back(song.predicted);
  }
  return MakeClassificationReport(labels, predictions,
                                  static_cast<std::int32_t>(cell.classes.size()));
}

}  // namespace tutti
