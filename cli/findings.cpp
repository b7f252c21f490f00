#include "cli/findings.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "cli/table_layout.h"
#include "cli/text_table.h"

namespace tutti {
namespace {

constexpr double kToldApart = 0.05;

using Group = std::vector<const CellSongs*>;

bool HasFigure(const CellSongs& cell) {
  return cell.cell->has_average();
}

Duel MakeDuel(const CellSongs& a, const CellSongs& b) {
  const bool a_better = a.cell->average() >= b.cell->average();
  const CellSongs& better = a_better ? a : b;
  const CellSongs& worse = a_better ? b : a;
  return {CellName(*better.cell), CellName(*worse.cell), better.cell->average(),
          worse.cell->average(), PairUp(better, worse)};
}

// The axes of a cell less one, as one text.
std::string Without(const v1::GetTableResponse::Cell& cell, const std::string& axis) {
  auto values = CellValues(cell);
  values.erase(axis);
  return DumpJson(Json(values));
}

std::vector<Group> GroupsBy(const std::vector<CellSongs>& cells, const std::string& free_axis) {
  std::map<std::string, std::size_t> group_of;
  std::vector<Group> groups;
  for (const CellSongs& cell : cells) {
    if (!HasFigure(cell)) continue;
    const auto [at, is_new] = group_of.emplace(Without(*cell.cell, free_axis), groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(&cell);
  }
  return groups;
}

std::vector<Cost> Costs(const std::vector<CellSongs>& cells) {
  std::vector<Cost> costs;
  for (const CellSongs& cell : cells) {
    const auto& seconds = cell.performance->execution_seconds();
    if (!HasFigure(cell) || !seconds.has_mean()) continue;
    costs.push_back({CellName(*cell.cell), cell.cell->average(), seconds.mean(), false});
  }
  std::ranges::sort(
      costs, {}, [](const Cost& cost) { return std::pair(cost.execution_seconds, -cost.average); });
  double best = -1;
  for (Cost& cost : costs) {
    cost.is_front = cost.average > best;
    best = std::max(best, cost.average);
  }
  return costs;
}

// Two digits that count: "0.039", "1.2e-05".
std::string Probability(double p) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.2g", p);
  return buffer;
}

}  // namespace

std::string CellName(const v1::GetTableResponse::Cell& cell) {
  std::string name = cell.model();
  if (cell.slice_seconds() > 0) name += (name.empty() ? "" : " ") + SliceName(cell.slice_seconds());
  for (const auto& [axis, value] : CellValues(cell)) {
    if (axis == "model" || axis == "slice_seconds") continue;
    name += (name.empty() ? "" : " ") + axis + "=" + ValueText(value);
  }
  return name;
}

Findings MakeFindings(const std::vector<CellSongs>& cells) {
  Findings findings;
  for (Group& group : GroupsBy(cells, "model")) {
    if (group.size() < 2) continue;
    std::ranges::stable_sort(group, std::greater<>(),
                             [](const CellSongs* cell) { return cell->cell->average(); });
    findings.best_models.push_back(MakeDuel(*group[0], *group[1]));
  }
  for (Group& group : GroupsBy(cells, "slice_seconds")) {
    if (group.size() < 2) continue;
    std::ranges::stable_sort(group, {},
                             [](const CellSongs* cell) { return cell->cell->slice_seconds(); });
    findings.slice_lengths.push_back(MakeDuel(*group.front(), *group.back()));
  }
  for (const CellSongs& cell : cells) {
    const auto& slice = cell.performance->slice_accuracy();
    const auto& song = cell.performance->song_accuracy();
    if (!slice.has_mean() || !song.has_mean()) continue;
    findings.songs.push_back({CellName(*cell.cell), slice.mean(), song.mean()});
  }
  findings.costs = Costs(cells);
  return findings;
}

std::string Sentence(const Duel& duel) {
  std::string text = duel.better + " (" + Fixed(duel.better_average, 6) + ") before " + duel.worse +
                     " (" + Fixed(duel.worse_average, 6) + ")";
  if (duel.songs.songs == 0) return text + "; they were tested on no song in common";
  text += ": right on " + std::to_string(duel.songs.only_first) +
          " songs that the other misses, against " + std::to_string(duel.songs.only_second) +
          " the other way, of " + std::to_string(duel.songs.songs) +
          " (p = " + Probability(duel.songs.p) + ", McNemar's exact test)";
  if (duel.songs.p >= kToldApart) text += "; these songs do not tell the two apart";
  return text;
}

}  // namespace tutti
