// A sweep over recorded music: three games' soundtracks as classes, stereo OGG at 44.1 kHz, and one
// file among them that is no audio.
#include <array>
#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/program.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

// grouped keeps the parts of a track on one side, by the music's groups.csv.
constexpr std::array kSplits{"stratified", "grouped"};
constexpr char kBroken[] = "pushover/broken.ogg";

std::string SweepFileText(const std::string& split) {
  return "name: real\n"
         "dataset: soundtracks\n"
         "grid:\n"
         "  model: [rnn]\n"
         "  slice_seconds: [1, 3]\n"
         "  seed: [333, 123]\n"
         "training: {epochs: 5, patience: 5, batch_size: 32}\n"
         "features: {clip_seconds: 30}\n"
         "split: {kind: " +
         split + ", test: 0.2, validation: 0.2}\n";
}

class RealMusicSweep : public testing::TestWithParam<const char*> {};

TEST_P(RealMusicSweep, FillsEveryCellAndNamesTheFileThatIsNoAudio) {
  const TempDir folder;
  const std::string file = folder / "real.yaml";
  const std::string work = folder / "work";
  WriteFile(file, SweepFileText(GetParam()));
  const Outcome ran =
      RunBinary("tutti", {"local", file, "--dataset", TUTTI_REAL_MUSIC, "--dir", work, "--json"},
                {}, std::chrono::seconds(500));
  ASSERT_EQ(ran.code(), 0) << testing::PrintToString(ran);
  EXPECT_THAT(ran.err, HasSubstr("150 tracks"));

  const Json table = ran.json();
  EXPECT_EQ(table["split"], GetParam());
  ASSERT_EQ(table["cells"].size(), 2U);
  for (const Json& cell : table["cells"]) {
    EXPECT_EQ(cell["planned"], 2) << cell;
    EXPECT_EQ(cell["done"], cell["planned"]) << cell;
    // Guessing among three classes gives a third.
    EXPECT_GT(cell["average"], 0.45) << cell;
    std::cout << "split " << GetParam() << ", " << cell["model"].get<std::string>() << " at "
              << cell["slice_seconds"] << " s: F1 " << cell["average"] << '\n';
  }
  ASSERT_EQ(table["undecodable"].size(), 1U) << table;
  EXPECT_EQ(table["undecodable"][0]["path"], kBroken);
  EXPECT_THAT(table["undecodable"][0]["message"].get<std::string>(), testing::Not(""));
  const Outcome report = RunBinary("tutti", {"table", "real", "--dir", work});
  EXPECT_EQ(report.code(), 0) << testing::PrintToString(report);
  EXPECT_THAT(report.out, HasSubstr(kBroken));
}

INSTANTIATE_TEST_SUITE_P(Split, RealMusicSweep, testing::ValuesIn(kSplits),
                         [](const auto& split) { return std::string(split.param); });

}  // namespace
}  // namespace tutti
