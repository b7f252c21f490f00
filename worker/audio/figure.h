// The study's figure: the mel spectrogram of one song a class, drawn with Cairo.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/feature_spec.h"
#include "common/result.h"

namespace tutti {

struct FigurePanel {
  std::string title;  // of the class
  std::filesystem::path audio;
  double start_seconds =
      0;  // into the song; pulled back where the song ends before start + seconds
};

struct FigureOptions {
  double seconds = 3;  // of each song
  std::size_t columns = 5;
};

// A grid of panels, each with the features of its three seconds (computed as for a run of that clip
// length), time in seconds along x and frequency in Hz, on the mel scale, along y. The file's
// ending says what it becomes: .png or .svg; written beside its place and renamed.
// kInvalidArgument: no panels, or another ending. Else as AudioReader.
Status DrawMelFigure(const std::vector<FigurePanel>& panels, const FeatureSpec& spec,
                     const FigureOptions& options, const std::filesystem::path& output);

}  // namespace tutti
