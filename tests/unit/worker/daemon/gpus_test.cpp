#include "worker/daemon/gpus.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FixedProbe final : public GpuProbe {
 public:
  explicit FixedProbe(GpusFound found) : found_(std::move(found)) {}
  GpusFound Find() override {
    ++asked;
    return found_;
  }
  int asked = 0;

 private:
  GpusFound found_;
};

TEST(Gpus, AListIsRead) {
  EXPECT_THAT(*ParseGpuList("0,2"), ElementsAre(0, 2));
  EXPECT_THAT(*ParseGpuList("7"), ElementsAre(7));
  EXPECT_THAT(*ParseGpuList("none"), IsEmpty());
  for (const std::string text : {"", "0,", ",0", "0,0", "-1", "a", "0 1", "0,1x", "256", "all"}) {
    EXPECT_TRUE(FailsWith(ParseGpuList(text), ErrorCode::kInvalidArgument,
                          "such as 0 or 0,2, each once, or none; got \"" + text + "\""));
  }
}

TEST(Gpus, WithoutAWishAllAreOffered) {
  FixedProbe three({3, ""});
  EXPECT_THAT(*ChooseGpus(std::nullopt, three), ElementsAre(0, 1, 2));
  FixedProbe none({0, "no driver"});
  EXPECT_THAT(*ChooseGpus(std::nullopt, none), IsEmpty());
}

TEST(Gpus, OnlyWhatIsThereCanBeAskedFor) {
  FixedProbe three({3, ""});
  EXPECT_THAT(*ChooseGpus(std::vector{2, 0}, three), ElementsAre(2, 0));
  EXPECT_TRUE(FailsWith(ChooseGpus(std::vector{0, 3}, three), ErrorCode::kInvalidArgument,
                        "--gpus 0,3: there is no GPU 3, only 0,1,2; leave --gpus out"));
  FixedProbe none({0, "no driver"});
  EXPECT_TRUE(FailsWith(ChooseGpus(std::vector{0}, none), ErrorCode::kInvalidArgument,
                        "--gpus 0: no driver; leave --gpus out"));
}

TEST(Gpus, NoneAsksNobody) {
  FixedProbe three({3, ""});
  EXPECT_THAT(*ChooseGpus(std::vector<int>{}, three), IsEmpty());
  EXPECT_EQ(three.asked, 0);
}

class MachineGpus : public testing::Test {
 protected:
  void AddToDriver(const std::string& address) {
    std::filesystem::create_directories(dir_ / "gpus" / address);
  }
  GpusFound Find(const std::filesystem::path& trainer = {}) {
    return MachineGpuProbe(files_, trainer, dir_ / "gpus").Find();
  }
  std::filesystem::path Trainer(const std::string& body) {
    std::ofstream(dir_ / "trainer") << "#!/bin/sh\n" << body;
    std::filesystem::permissions(dir_ / "trainer", std::filesystem::perms::owner_all);
    return dir_ / "trainer";
  }

  TempDir dir_;
  PosixFileSystem files_;
};

TEST_F(MachineGpus, WithoutADriverThereAreNoneAndNobodyIsAsked) {
  const GpusFound found = Find(Trainer("touch '" + (dir_ / "asked").string() + "'"));
  EXPECT_EQ(found.count, 0);
  EXPECT_THAT(found.why_none, HasSubstr("no NVIDIA GPU"));
  EXPECT_THAT(found.why_none, HasSubstr((dir_ / "gpus").string()));
  EXPECT_FALSE(files_.Exists(dir_ / "asked"));
}

TEST_F(MachineGpus, TheTrainerSaysHowManyItCanUse) {
  AddToDriver("0000:01:00.0");
  AddToDriver("0000:02:00.0");
  EXPECT_EQ(Find().count, 2) << "a worker without a trainer offers what the driver has";
  EXPECT_EQ(Find(Trainer("echo '{\"devices\":[\"cuda:0\"]}'")).count, 1);
  const GpusFound cpu_build = Find(Trainer("echo '{\"devices\":[]}'"));
  EXPECT_EQ(cpu_build.count, 0);
  EXPECT_THAT(cpu_build.why_none, HasSubstr("a CPU build"));
}

TEST_F(MachineGpus, ATrainerThatCannotAnswerIsTheReason) {
  AddToDriver("0000:01:00.0");
  EXPECT_THAT(Find(Trainer("exit 3")).why_none, HasSubstr("exit code 3"));
  EXPECT_THAT(Find(Trainer("echo no")).why_none, HasSubstr("its answer"));
  EXPECT_THAT(Find(dir_ / "nowhere").why_none, HasSubstr("nowhere"));
}

class MpsServer : public testing::Test {
 protected:
  void Start(const std::string& folder) {
    std::filesystem::create_directories(root_ / folder);
    std::ofstream(root_ / folder / "control") << "";
  }
  // Seen from the machine's root; "" where there is none.
  std::string Found(const std::optional<std::string>& variable = std::nullopt) {
    const auto found = FindMps(files_, variable, root_.path());
    return found ? std::filesystem::relative(*found, root_.path()).string() : "";
  }

  TempDir root_;
  PosixFileSystem files_;
};

TEST_F(MpsServer, IsFoundWhereItUsuallyIs) {
  EXPECT_EQ(Found(), "");
  Start("run/nvidia-mps");
  EXPECT_EQ(Found(), "run/nvidia-mps");
  Start("tmp/nvidia-mps");
  EXPECT_EQ(Found(), "tmp/nvidia-mps") << "CUDA's own default first";
}

TEST_F(MpsServer, WhatTheOperatorNamesIsTheOnlyOne) {
  Start("tmp/nvidia-mps");
  EXPECT_EQ(Found("/srv/mps"), "");
  Start("srv/mps");
  EXPECT_EQ(Found("/srv/mps"), "srv/mps");
}

TEST_F(MpsServer, AFolderWithoutAServerIsNone) {
  std::filesystem::create_directories(root_ / "tmp/nvidia-mps");
  EXPECT_EQ(Found(), "");
}

}  // namespace
}  // namespace tutti
