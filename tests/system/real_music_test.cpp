// Recorded music: three games' soundtracks as classes, stereo OGG at 44.1 kHz, and one file among
// them that is no audio. A sweep over it with its report, and what the folder tells by itself.
#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

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

const std::vector<std::string> kClasses{"drascula", "planetblupi", "pushover"};

// All songs of a confusion matrix, and those that it counts as right.
struct Counted {
  int songs = 0;
  int right = 0;
};
Counted CountIn(const Json& matrix) {
  Counted counted;
  for (std::size_t label = 0; label < matrix.size(); ++label) {
    const auto row = matrix[label].get<std::vector<int>>();
    counted.songs += std::accumulate(row.begin(), row.end(), 0);
    counted.right += row.at(label);
  }
  return counted;
}

// What `tutti report` says follows from the runs' rows, as the table has them.
void ExpectReportOf(const Json& table, const std::string& work) {
  const Json report = RunBinary("tutti", {"report", "real", "--dir", work, "--json"}).json();
  EXPECT_EQ(report["cells"], table["cells"]);
  EXPECT_TRUE(report["best_models"].empty()) << "there is one model";
  ASSERT_EQ(report["slice_lengths"].size(), 1U) << report["slice_lengths"];
  const Json& duel = report["slice_lengths"][0];
  EXPECT_GE(duel["better_average"], duel["worse_average"]);
  EXPECT_THAT(duel["p"].get<double>(), testing::AllOf(testing::Gt(0), testing::Le(1)));
  ASSERT_EQ(report["confusions"].size(), 2U);
  ASSERT_EQ(report["songs"].size(), 2U);
  ASSERT_EQ(report["costs"].size(), 2U);
  EXPECT_EQ(report["costs"][0]["front"], true) << "the fastest";
  for (std::size_t i = 0; i < 2; ++i) {
    const Json& confusion = report["confusions"][i];
    EXPECT_EQ(confusion["classes"], kClasses);
    const Counted counted = CountIn(confusion["matrix"]);
    EXPECT_EQ(counted.songs, duel["songs"]) << "each test song of both seeds";
    EXPECT_GT(counted.songs, 40);
    const Json& performance = table["performance"][i];
    const double accuracy = performance["song_accuracy"]["mean"];
    // To the bit where both seeds test as many songs.
    EXPECT_NEAR(accuracy, static_cast<double>(counted.right) / counted.songs, 0.03);
    EXPECT_EQ(report["songs"][i]["song_accuracy"], accuracy);
    EXPECT_NEAR(report["songs"][i]["gain"].get<double>(),
                accuracy - performance["slice_accuracy"]["mean"].get<double>(), 1e-12);
  }
  const Outcome text = RunBinary("tutti", {"report", "real", "--dir", work});
  EXPECT_EQ(text.code(), 0) << testing::PrintToString(text);
  for (const char* part :
       {"# real\n", "| rnn ", "## Shortest against longest slices", "## Songs against slices",
        "## Time against accuracy", "## Confusions", "| planetblupi |", kBroken}) {
    EXPECT_THAT(text.out, HasSubstr(part));
  }
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
  ExpectReportOf(table, work);
}

INSTANTIATE_TEST_SUITE_P(Split, RealMusicSweep, testing::ValuesIn(kSplits),
                         [](const auto& split) { return std::string(split.param); });

// path → group, as groups.csv has it.
std::map<std::string, std::string> Groups() {
  std::map<std::string, std::string> groups;
  std::ifstream file(TUTTI_REAL_MUSIC "/groups.csv");
  std::string line;
  std::getline(file, line);  // the header
  while (std::getline(file, line)) {
    const std::size_t comma = line.find(',');
    groups[line.substr(0, comma)] = line.substr(comma + 1);
  }
  return groups;
}

TEST(RealMusicFolder, CheckFindsTheFileThatIsNoAudioAndCountsTheOthers) {
  const Outcome checked = RunBinary("tutti", {"dataset", "check", TUTTI_REAL_MUSIC, "--json"});
  ASSERT_EQ(checked.code(), 0) << testing::PrintToString(checked);
  const Json found = checked.json();
  ASSERT_EQ(found["undecodable"].size(), 1U) << found["undecodable"];
  EXPECT_EQ(found["undecodable"][0]["path"], kBroken);
  std::map<std::string, int> classes;
  for (const auto& [path, group] : Groups()) ++classes[path.substr(0, path.find('/'))];
  EXPECT_EQ(found["classes"], Json(classes));
  for (const char* list : {"truncated", "silent", "constant", "too_short", "duplicates"}) {
    EXPECT_TRUE(found[list].empty()) << list << found[list];
  }
  EXPECT_EQ(RunBinary("tutti", {"dataset", "check", TUTTI_REAL_MUSIC, "--strict"}).code(), 2);
}

TEST(RealMusicFolder, SplitPutsEveryTrackOnOneSideAndGroupedEveryGroup) {
  const auto groups = Groups();
  for (const char* kind : kSplits) {
    const Json split = RunBinary("tutti", {"dataset", "split", TUTTI_REAL_MUSIC, "--seed", "333",
                                           "--kind", kind, "--test", "0.2", "--json"})
                           .json();
    std::map<std::string, std::string> part_of;
    std::map<std::string, std::set<std::string>> parts_of_group;
    for (const char* part : {"train", "validation", "test"}) {
      std::set<std::string> classes;
      for (const std::string path : split.at(part)) {
        EXPECT_TRUE(part_of.emplace(path, part).second) << path << " is on two sides";
        ASSERT_TRUE(groups.contains(path)) << path;
        parts_of_group[groups.at(path)].insert(part);
        classes.insert(path.substr(0, path.find('/')));
      }
      EXPECT_THAT(classes, testing::ElementsAreArray(kClasses)) << kind << " " << part;
    }
    EXPECT_EQ(part_of.size(), groups.size()) << kind;
    const double tested = static_cast<double>(split["test"].size());
    EXPECT_NEAR(tested, 0.2 * static_cast<double>(groups.size()), 6) << kind;
    const auto parted = std::ranges::count_if(
        parts_of_group, [](const auto& group) { return group.second.size() > 1; });
    if (kind == std::string("grouped")) {
      EXPECT_EQ(parted, 0);
    } else {
      EXPECT_EQ(tested, std::ceil(0.2 * static_cast<double>(groups.size())));
      EXPECT_GT(parted, 0) << "else grouped would show nothing";
    }
  }
}

TEST(RealMusicFolder, FigureDrawsThreeSecondsOfEachSoundtrack) {
  const TempDir folder;
  const std::string figure = folder / "mel.svg";
  const Outcome drawn = RunBinary("tutti", {"dataset", "figure", TUTTI_REAL_MUSIC, figure});
  ASSERT_EQ(drawn.code(), 0) << testing::PrintToString(drawn);
  const std::string svg = ReadWholeFile(figure);
  std::size_t images = 0;
  for (std::size_t at = 0; (at = svg.find("<image", at)) != std::string::npos; ++at) ++images;
  EXPECT_EQ(images, kClasses.size());
  // Text is drawn as glyphs, so that it looks the same everywhere.
  EXPECT_GT(svg.size(), 50'000U) << "pictures with something in them";
}

}  // namespace
}  // namespace tutti
