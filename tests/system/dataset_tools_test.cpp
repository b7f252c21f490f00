// What a folder of music tells before anybody trains on it; none of this needs a coordinator.
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/program.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DatasetTools : public testing::Test {
 protected:
  DatasetTools() { WriteTinyMusic(root()); }

  std::filesystem::path root() const { return folder_ / "music"; }
  Json Check() {
    const Outcome outcome =
        RunBinary("tutti", {"dataset", "check", root(), "--clip-seconds", "2", "--json"});
    EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
    return outcome.json();
  }
  int StrictCode() {
    return RunBinary("tutti", {"dataset", "check", root(), "--clip-seconds", "2", "--strict"})
        .code();
  }

  TempDir folder_;
};

std::vector<std::string> PathsOf(const Json& files) {
  std::vector<std::string> paths;
  for (const Json& file : files) paths.push_back(file["path"]);
  return paths;
}

TEST_F(DatasetTools, ACleanFolderHasNoFindings) {
  const Json found = Check();
  EXPECT_EQ(found["classes"], (Json{{"bell", 10}, {"buzz", 10}, {"hiss", 10}}));
  for (const char* list :
       {"undecodable", "truncated", "silent", "constant", "too_short", "duplicates", "left_out"}) {
    EXPECT_EQ(found[list].size(), 0U) << list << found[list];
  }
  EXPECT_EQ(StrictCode(), 0);
}

TEST_F(DatasetTools, EveryPlantedFaultIsFoundUnderItsName) {
  const std::string wav = ReadWholeFile(root() / "bell/bell.00.wav");
  WriteFile(root() / "bell/broken.wav", "this is no audio at all");
  WriteFile(root() / "bell/cut.wav", wav.substr(0, wav.size() - 3'000));
  std::string silent = wav;
  std::fill(silent.begin() + 44, silent.end(), '\0');
  WriteFile(root() / "buzz/silent.wav", silent);
  for (std::size_t i = 45; i < silent.size(); i += 2) silent[i] = '\x20';  // 16 bits: a quarter
  WriteFile(root() / "buzz/constant.wav", silent);
  // The same music with a chunk of text behind it: another file, another hash.
  std::string again =
      ReadWholeFile(root() / "hiss/hiss.03.wav") + std::string("note\4\0\0\0abcd", 12);
  const auto riff = static_cast<std::uint32_t>(again.size() - 8);
  for (int i = 0; i < 4; ++i) again[4 + i] = static_cast<char>(riff >> (8 * i));
  WriteFile(root() / "hiss/again.wav", again);
  WriteFile(root() / "hiss/._hiss.00.wav", "resource fork");
  TinyMusic brief;
  brief.tracks_per_class = 1;
  brief.seconds = 1;
  WriteTinyMusic(folder_ / "brief", brief);
  std::filesystem::copy_file(folder_ / "brief/buzz/buzz.00.wav", root() / "buzz/brief.wav");

  const Json found = Check();
  EXPECT_THAT(PathsOf(found["undecodable"]), ElementsAre("bell/broken.wav"));
  EXPECT_THAT(PathsOf(found["truncated"]), ElementsAre("bell/cut.wav"));
  EXPECT_THAT(PathsOf(found["silent"]), ElementsAre("buzz/silent.wav"));
  EXPECT_THAT(PathsOf(found["constant"]), ElementsAre("buzz/constant.wav"));
  EXPECT_THAT(PathsOf(found["too_short"]), ElementsAre("buzz/brief.wav"));
  EXPECT_EQ(found["duplicates"],
            Json::array({Json::array({"hiss/again.wav", "hiss/hiss.03.wav"})}));
  EXPECT_THAT(PathsOf(found["left_out"]), ElementsAre("hiss/._hiss.00.wav"));
  EXPECT_EQ(StrictCode(), 2);
  const Outcome text = RunBinary("tutti", {"dataset", "check", root(), "--clip-seconds", "2"});
  EXPECT_THAT(text.out, HasSubstr("hiss/again.wav = hiss/hiss.03.wav"));
}

TEST_F(DatasetTools, SplitNamesEveryTrackOnceAndTheSameEachTime) {
  const auto split = [&](const char* seed) {
    return RunBinary("tutti", {"dataset", "split", root(), "--seed", seed, "--json"}).json();
  };
  const Json first = split("333");
  EXPECT_EQ(first["test"].size(), 3U);
  std::set<std::string> all;
  for (const auto& [part, paths] : first.items()) {
    for (const Json& path : paths) all.insert(path.get<std::string>());
  }
  EXPECT_EQ(all.size(), 30U);
  EXPECT_EQ(split("333"), first);
  EXPECT_NE(split("123"), first);
  // As text it is the table that `dataset add --split` takes.
  const Outcome text = RunBinary("tutti", {"dataset", "split", root(), "--seed", "333"});
  EXPECT_THAT(text.out, testing::StartsWith("path,part\n"));
  WriteFile(folder_ / "split.csv", text.out);
  const Outcome from_file = RunBinary("tutti", {"dataset", "split", root(), "--kind", "grouped"});
  EXPECT_EQ(from_file.code(), 0) << testing::PrintToString(from_file);
  EXPECT_EQ(RunBinary("tutti", {"dataset", "split", root(), "--kind", "file"}).code(), 2);
}

TEST_F(DatasetTools, FigureDrawsAPanelAClass) {
  const auto draw = [&](const std::string& name) {
    return RunBinary("tutti", {"dataset", "figure", root(), folder_ / name, "--seconds", "1"});
  };
  ASSERT_EQ(draw("mel.svg").code(), 0);
  const std::string svg = ReadWholeFile(folder_ / "mel.svg");
  EXPECT_THAT(svg, HasSubstr("<svg"));
  std::size_t images = 0;
  for (std::size_t at = 0; (at = svg.find("<image", at)) != std::string::npos; ++at) ++images;
  EXPECT_EQ(images, 3U);
  ASSERT_EQ(draw("mel.png").code(), 0);
  EXPECT_THAT(ReadWholeFile(folder_ / "mel.png"), testing::StartsWith("\x89PNG"));
  const std::string first = ReadWholeFile(folder_ / "mel.png");
  ASSERT_EQ(draw("mel.png").code(), 0);
  EXPECT_TRUE(ReadWholeFile(folder_ / "mel.png") == first) << "the seed chooses the songs";
  const Outcome refused = draw("mel.gif");
  EXPECT_EQ(refused.code(), 2);
  EXPECT_THAT(refused.err, HasSubstr(".png or .svg"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "mel.gif"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "mel.gif.partial"));
}

}  // namespace
}  // namespace tutti
