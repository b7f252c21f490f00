// The figures that the published study reports for GTZAN, to hold a sweep's beside them. Its first
// table is the average and best song-level F1 of three seeds; its second is one run each, on an
// RTX 4050 laptop GPU.
#pragma once

#include <optional>
#include <string_view>

namespace tutti {

struct PublishedF1 {
  double average = 0;
  double best = 0;
};

struct PublishedPerformance {
  double slice_accuracy = 0;
  double song_accuracy = 0;
  double execution_seconds = 0;
  int epochs = 0;
};

// model: "cnn", "crnn2d", "crnn1d", "rnn". Nothing where the study has no such cell.
std::optional<PublishedF1> FindPublishedF1(std::string_view model, double slice_seconds);
std::optional<PublishedPerformance> FindPublishedPerformance(std::string_view model,
                                                             double slice_seconds);

}  // namespace tutti
