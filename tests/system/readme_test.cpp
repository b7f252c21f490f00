// The root README's walk-through and tour, typed as they stand there, over music and a sweep that
// end in seconds.
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kRoot = TUTTI_SOURCE_DIR;

// The commands behind `prompt` in the section of this heading, without their comments.
std::vector<std::string> CommandsOf(const std::string& heading, const std::string& prompt) {
  std::string text = ReadWholeFile(kRoot / "README.md");
  text.erase(0, text.find("\n## " + heading + "\n") + 1);
  text.resize(std::min(text.find("\n## ", 1), text.size()));
  std::istringstream lines(text);
  std::vector<std::string> commands;
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, std::min(line.find_first_not_of(' '), line.size()));
    if (!line.starts_with(prompt)) continue;
    commands.push_back(std::regex_replace(line.substr(prompt.size()), std::regex(" +# .*$"), ""));
  }
  return commands;
}

class ReadmeTyped : public testing::Test {
 protected:
  ReadmeTyped() {
    fs::create_directories(folder_ / "build/release");
    fs::create_directory_symlink(TUTTI_BIN_DIR, folder_ / "build/release/bin");
    fs::copy_file(kRoot / "README.md", folder_ / "README.md");
    // Music as GTZAN has it, in the home folder.
    WriteTinyMusic(folder_ / "music");
    fs::rename(folder_ / "music/bell", folder_ / "music/blues");
    fs::rename(folder_ / "music/blues/bell.00.wav", folder_ / "music/blues/blues.00000.wav");
    fs::create_directories(folder_ / "gtzan");
    fs::create_directory_symlink(folder_ / "music", folder_ / "gtzan/genres");
  }
  // In the folder, as its own clone of Tutti and home.
  Outcome Type(const std::string& command, const Environment& more = {}) {
    Environment environment{{"HOME", folder_.path()}};
    environment.insert(environment.end(), more.begin(), more.end());
    return RunBinary("/bin/bash",
                     {"-c", "cd " + folder_.path().string() +
                                " && export PATH=$PWD/build/release/bin:$PATH && " + command},
                     environment);
  }
  void Sweep(const std::string& file, const std::string& name, const std::string& dataset) {
    WriteFile(folder_ / file, "name: " + name + "\ndataset: " + dataset +
                                  "\ngrid:\n  model: [rnn, crnn1d]\n  slice_seconds: [1]\n"
                                  "  seed: [333]\ntraining: {epochs: 3, patience: 3}\n"
                                  "features: {clip_seconds: 2}\n");
  }

  TempDir folder_;
};

TEST_F(ReadmeTyped, TheWalkThroughOfAFleetWorksWordForWord) {
  Cluster cluster;
  cluster.StartWorker("gpu1");
  cluster.StartWorker("gpu2");
  Sweep("sweep.yaml", "gtzan-baseline", "gtzan");
  int typed = 0;
  for (const std::string& command : CommandsOf("A sweep on several machines", "head$ ")) {
    if (!command.starts_with("tutti ")) continue;  // the daemons are there; a browser is not
    ++typed;
    const Outcome outcome = Type(command, {{"TUTTI_PROFILE", cluster.profile("admin")}});
    EXPECT_EQ(outcome.code(), 0) << command << "\n" << testing::PrintToString(outcome);
  }
  EXPECT_EQ(typed, 10);
  EXPECT_THAT(ReadWholeFile(folder_ / "README.md"),
              testing::AllOf(HasSubstr("<!-- tutti:f1 -->\nSweep gtzan-baseline: f1_macro"),
                             HasSubstr("<!-- tutti:performance -->\nSweep gtzan-baseline")));
  EXPECT_THAT(ReadWholeFile(folder_ / "report.md"), HasSubstr("# gtzan-baseline"));
  EXPECT_TRUE(fs::exists(folder_ / "results/RNN/seed_333/1s/best_weights.safetensors"));
  EXPECT_TRUE(fs::exists(folder_ / "best.safetensors.md"));
  EXPECT_TRUE(fs::exists(folder_ / "logs"));
}

TEST_F(ReadmeTyped, TheToursCommandsWorkWordForWord) {
  fs::create_directories(folder_ / "deploy/demo");
  Sweep("deploy/demo/quickstart.yaml", "quickstart", "demo");
  const Outcome ran = Type(
      "tutti local deploy/demo/quickstart.yaml --dataset gtzan/genres --dir "
      "build/quickstart/sweep");
  ASSERT_EQ(ran.code(), 0) << testing::PrintToString(ran);
  int typed = 0;
  for (const std::string& command : CommandsOf("A tour of five minutes", "$ ")) {
    if (command.starts_with("./deploy/quickstart.sh")) continue;  // it is what ran, at full length
    ++typed;
    const Outcome outcome = Type(command);
    EXPECT_EQ(outcome.code(), 0) << command << "\n" << testing::PrintToString(outcome);
  }
  EXPECT_EQ(typed, 7);
  EXPECT_THAT(Type("tutti sweeps --quiet --dir build/quickstart/sweep").out, "quickstart\nmine\n");
  EXPECT_THAT(ReadWholeFile(kRoot / "deploy/demo/quickstart.yaml"),
              HasSubstr("\nname: quickstart\n"));
}

}  // namespace
}  // namespace tutti
