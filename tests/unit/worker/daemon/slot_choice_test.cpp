#include "worker/daemon/slot_choice.h"

#include <fstream>

#include <gtest/gtest.h>

#include "common/json.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

class SlotChoiceTest : public testing::Test {
 protected:
  // A tutti-train of this version that answers so, and notes each measurement.
  std::filesystem::path Trainer(const std::string& version, const std::string& answer) {
    std::ofstream(dir_ / "trainer")
        << "#!/bin/sh\n[ $1 = --version ] && echo '" << version << "' && exit\necho $@ >> '"
        << (dir_ / "asked").string() << "'\n"
        << answer;
    std::filesystem::permissions(dir_ / "trainer", std::filesystem::perms::owner_all);
    return dir_ / "trainer";
  }
  std::string Asked() {
    const auto text = files_.ReadFile(dir_ / "asked");
    return text.ok() ? *text : "";
  }
  int Choose(const std::filesystem::path& trainer, int cores) {
    return ChooseSlotsOnce(files_, dir_.path(), trainer, cores);
  }

  TempDir dir_;
  PosixFileSystem files_;
};

TEST_F(SlotChoiceTest, IsMeasuredOnceForATrainerAndANumberOfCores) {
  const std::string four = R"(echo '{"slots":4,"cores":8,"measured":[]}')";
  EXPECT_EQ(Choose(Trainer("1 (LibTorch 2.13)", four), 8), 4);
  EXPECT_EQ(Choose(Trainer("1 (LibTorch 2.13)", four), 8), 4);
  EXPECT_EQ(Asked(), "slots 8\n");
  EXPECT_EQ(Choose(Trainer("1 (LibTorch 2.14)", four), 8), 4);
  EXPECT_EQ(Choose(Trainer("1 (LibTorch 2.14)", four), 16), 4);
  EXPECT_EQ(Asked(), "slots 8\nslots 8\nslots 16\n");
}

TEST_F(SlotChoiceTest, ATrainerThatCannotAnswerLeavesOneACore) {
  for (const char* answer : {"exit 3", "echo no", R"(echo '{"slots":9}')", R"(echo '{"slots":0}')",
                             R"(echo '{"cores":8}')"}) {
    EXPECT_EQ(Choose(Trainer("1", answer), 8), 8) << answer;
  }
  EXPECT_EQ(Choose(dir_ / "nowhere", 8), 8);
  EXPECT_FALSE(files_.Exists(dir_ / kSlotsFile)) << "what is no answer is not kept";
}

TEST_F(SlotChoiceTest, WhereThereIsNothingToChooseNobodyIsAsked) {
  EXPECT_EQ(Choose("", 8), 8);
  EXPECT_EQ(Choose(Trainer("1", "exit 3"), 1), 1);
  EXPECT_EQ(Asked(), "");
}

TEST_F(SlotChoiceTest, AKeptAnswerThatIsNoneIsMeasuredAnew) {
  std::ofstream(dir_ / kSlotsFile) << "{\"trainer\":";
  EXPECT_EQ(Choose(Trainer("1", R"(echo '{"slots":2}')"), 8), 2);
  EXPECT_EQ(Asked(), "slots 8\n");
}

}  // namespace
}  // namespace tutti
