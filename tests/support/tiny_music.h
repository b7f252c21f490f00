// A dataset that is learnt in seconds: each class has a timbre of its own.
#pragma once

#include <filesystem>
#include <string>

namespace tutti {

struct TinyMusic {
  int tracks_per_class = 10;  // below 10 the split of three classes has too few to test
  double seconds = 2.0;
  int rate_hz = 22'050;
};

// Folders bell, buzz and hiss below `root`, with WAV files of 16 bits (bell.00.wav, …). The same
// call writes the same bytes.
void WriteTinyMusic(const std::filesystem::path& root, const TinyMusic& music = {});

void WriteFile(const std::filesystem::path& path, const std::string& bytes);
std::string ReadWholeFile(const std::filesystem::path& path);

// A sweep file over it that ends within seconds.
struct TinySweep {
  std::string name = "tiny";
  std::string models = "[crnn1d, rnn]";
  std::string seeds = "[333, 123]";
  int epochs = 3;
  std::string axes;  // further ones of the grid, each a line without its indentation
  std::string more;  // further lines
};
std::string TinySweepFile(const TinySweep& sweep = {});

}  // namespace tutti
