// What the study says of its tables, said of a sweep: sentences from stored rows.
#pragma once

#include <string>
#include <vector>

#include "cli/cell_songs.h"

namespace tutti {

// A cell against another one: "crnn2d 1s", its figure, and how sure the difference is.
struct Duel {
  std::string better;
  std::string worse;
  double better_average = 0;
  double worse_average = 0;
  PairedSongs songs;  // first: better
};

struct Gain {
  std::string cell;
  double slice_accuracy = 0;
  double song_accuracy = 0;
};

struct Cost {
  std::string cell;
  double average = 0;
  double execution_seconds = 0;
  bool is_front = false;  // no other cell is both faster and better
};

struct Findings {
  std::vector<Duel> best_models;    // one a slice length: the best model and the next one
  std::vector<Duel> slice_lengths;  // one a model: shortest and longest slices
  std::vector<Gain> songs;          // votes against single slices
  std::vector<Cost> costs;          // by time
};

// Cells without a figure are left out; further axes are part of a cell's name.
Findings MakeFindings(const std::vector<CellSongs>& cells);

std::string CellName(const v1::GetTableResponse::Cell& cell);  // "crnn2d 1s"

// "crnn2d 1s (0.90) before cnn 1s (0.85): right on 12 songs that the other misses, against 3 the
// other way (p = 0.035)"; says so where songs do not tell the two apart (p of 0.05 or more).
std::string Sentence(const Duel& duel);

}  // namespace tutti
