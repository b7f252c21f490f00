// A dataset whose audio stays on a disk that the workers share.
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::uintmax_t BytesIn(const fs::path& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

class InPlace : public testing::Test {
 protected:
  InPlace() {
    WriteTinyMusic(music_);
    TinySweep sweep;
    sweep.models = "[rnn]";
    sweep.seeds = "[333]";
    file_ = cluster_.SweepFile(TinySweepFile(sweep));
  }
  Outcome Add() { return cluster_.Tutti({"dataset", "add", "tiny", music_, "--in-place"}); }
  Outcome Submit() { return cluster_.Tutti({"submit", file_, "--wait"}); }
  void StartWorker(const std::string& name, const fs::path& folder) {
    cluster_.StartWorker(name, 1, {"--data-root", music_.string() + "=" + folder.string()});
  }
  // The preprocess job as `tutti show` tells it.
  Json Shown() {
    for (const Json& job : cluster_.TuttiJson({"jobs", "tiny"})) {
      if (job["kind"] != "preprocess") continue;
      return cluster_.TuttiJson({"show", std::to_string(job["id"].get<int>())});
    }
    return {};
  }

  Cluster cluster_;
  const fs::path music_ = fs::canonical(cluster_.path("")) / "music";
  const fs::path track_ = music_ / "bell" / "bell.00.wav";
  std::string file_;
};

TEST_F(InPlace, WorkersReadTheFilesWhereTheyAreOnTheirMachine) {
  const Outcome added = Add();
  ASSERT_EQ(added.code(), 0) << testing::PrintToString(added);
  EXPECT_THAT(added.out, HasSubstr("--data-root " + music_.string() + "=DIR"));
  EXPECT_LT(BytesIn(cluster_.path("state") / "blobs"), 100'000U) << "the manifest, and no audio";
  fs::rename(music_, cluster_.path("mounted"));
  StartWorker("one", cluster_.path("mounted"));
  const Outcome ended = Submit();
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended) << Shown();
}

TEST_F(InPlace, JobsWaitForAWorkerThatCanOpenTheFolderAndExplainNamesTheOption) {
  ASSERT_EQ(Add().code(), 0);
  cluster_.StartWorker("untold");
  ASSERT_EQ(cluster_.Tutti({"submit", file_}).code(), 0);
  const Json waiting = Shown();
  EXPECT_EQ(waiting["phase"], "ready") << waiting;
  const Outcome explained = cluster_.Tutti({"explain", "tiny"});
  EXPECT_EQ(explained.code(), 0);
  EXPECT_THAT(explained.out, testing::AllOf(HasSubstr("untold cannot open " + music_.string()),
                                            HasSubstr("--data-root " + music_.string() + "=DIR")));
  StartWorker("told", music_);
  const Outcome ended = cluster_.Tutti({"watch", "tiny"});
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended) << Shown();
  EXPECT_EQ(Shown()["attempts"].size(), 1U) << "the worker that was not told never had it";
}

TEST_F(InPlace, AFileThatChangedSinceFailsTheJobWithItsName) {
  ASSERT_EQ(Add().code(), 0);
  std::ofstream(track_, std::ios::app) << "more";
  StartWorker("one", music_);
  EXPECT_EQ(Submit().code(), 1);
  const Json failed = Shown();
  EXPECT_EQ(failed["failure"], "bad_data") << failed;
  EXPECT_THAT(failed["message"].get<std::string>(),
              testing::AllOf(HasSubstr("track \"bell/bell.00.wav\""),
                             HasSubstr("is not what was registered")));
}

TEST_F(InPlace, ReplayReadsTheFilesWhereTheyAreAndRefusesByNameWhatDiffers) {
  ASSERT_EQ(Add().code(), 0);
  StartWorker("one", music_);
  ASSERT_EQ(Submit().code(), 0);
  std::string id;
  for (const Json& job : cluster_.TuttiJson({"jobs", "tiny"})) {
    if (job["kind"] == "train") id = std::to_string(job["id"].get<int>());
  }
  const Json replay = cluster_.TuttiJson({"replay", id});
  EXPECT_TRUE(replay["equal"].get<bool>()) << replay;

  const fs::path copy = cluster_.path("copy");
  fs::copy(music_, copy, fs::copy_options::recursive);
  std::string bytes = ReadWholeFile(track_);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);  // as long as before
  WriteFile(track_, bytes);
  fs::remove(music_ / "buzz" / "buzz.03.wav");
  const Outcome refused = cluster_.Tutti({"replay", id});
  EXPECT_EQ(refused.code(), 2) << testing::PrintToString(refused);
  EXPECT_THAT(refused.err, testing::AllOf(HasSubstr("\"bell/bell.00.wav\" has SHA-256"),
                                          HasSubstr("\"buzz/buzz.03.wav\" is missing"),
                                          testing::Not(HasSubstr("hiss"))));
  EXPECT_TRUE(cluster_.TuttiJson({"replay", id, "--data-root", copy.string()})["equal"]);
  const Outcome nowhere = cluster_.Tutti({"replay", id, "--data-root", "/nowhere"});
  EXPECT_EQ(nowhere.code(), 2);
  EXPECT_THAT(nowhere.err, HasSubstr("/nowhere, and that is no folder on this machine"));
}

TEST_F(InPlace, LinksAreRefusedWhenRegisteredAndWhenRead) {
  const fs::path elsewhere = cluster_.path("elsewhere.wav");
  fs::copy_file(track_, elsewhere);
  fs::create_symlink(elsewhere, music_ / "bell" / "link.wav");
  const Outcome linked = Add();
  EXPECT_EQ(linked.code(), 0) << "it leads out of the folder, and is left out as ever";
  EXPECT_THAT(linked.err, HasSubstr("left out: bell/link.wav (a link out of the folder)"));
  fs::remove(music_ / "bell" / "link.wav");
  fs::create_symlink("bell.00.wav", music_ / "bell" / "link.wav");
  const Outcome refused = Add();
  EXPECT_EQ(refused.code(), 2) << testing::PrintToString(refused);
  EXPECT_THAT(refused.err, HasSubstr("bell/link.wav"));
  fs::remove(music_ / "bell" / "link.wav");
  ASSERT_EQ(Add().code(), 0);

  fs::remove(track_);
  fs::create_symlink(elsewhere, track_);  // the same bytes, but somewhere else
  StartWorker("one", music_);
  EXPECT_EQ(Submit().code(), 1);
  const Json failed = Shown();
  EXPECT_EQ(failed["failure"], "bad_data") << failed;
  EXPECT_THAT(failed["message"].get<std::string>(), HasSubstr("\"bell.00.wav\" is a link"));
}

}  // namespace
}  // namespace tutti
