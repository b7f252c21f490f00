#include "worker/daemon/spool.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

constexpr AttemptId kAttempt{12, 1};

v1::AttemptEvent Event(std::int64_t sequence, const AttemptId& attempt = kAttempt) {
  v1::AttemptEvent event;
  *event.mutable_attempt() = ToProto(attempt);
  event.set_sequence(sequence);
  event.mutable_epoch()->set_epoch(static_cast<int>(sequence));
  return event;
}

class SpoolTest : public testing::Test {
 protected:
  std::unique_ptr<Spool> Open() {
    auto spool = Spool::Open(files_, dir_ / "spool");
    EXPECT_TRUE(IsOk(spool));
    return spool.ok() ? *std::move(spool) : nullptr;
  }
  void Append(Spool& spool, const v1::AttemptEvent& event) {
    EXPECT_TRUE(IsOk(spool.Append(event, Durability::kProcess)));
  }
  static void Forget(Spool& spool, const AttemptId& attempt) {
    const auto rest = spool.Forget(attempt);
    EXPECT_TRUE(IsOk(rest ? rest() : Status()));
  }
  // The first attempt's.
  std::filesystem::path File() const { return dir_ / "spool" / "1.events"; }
  std::vector<std::string> Names() { return *files_.ListDirectory(dir_ / "spool"); }
  void AppendBytes(const std::string& bytes) {
    std::ofstream(File(), std::ios::app | std::ios::binary) << bytes;
  }

  TempDir dir_;
  PosixFileSystem files_;
};

TEST_F(SpoolTest, GivesBackWhatAnEarlierDaemonAppended) {
  {
    const auto spool = Open();
    Append(*spool, Event(1));
    Append(*spool, Event(2));
    EXPECT_TRUE(IsOk(spool->Append(Event(1, {13, 2}), Durability::kPowerLoss)));
  }
  const auto spool = Open();
  ASSERT_EQ(spool->recovered().size(), 2u);
  EXPECT_EQ(spool->recovered()[0].attempt, kAttempt);
  ASSERT_EQ(spool->recovered()[0].events.size(), 2u);
  EXPECT_EQ(spool->recovered()[0].events[1].epoch().epoch(), 2);
  EXPECT_EQ(spool->recovered()[1].attempt, (AttemptId{13, 2}));
}

TEST_F(SpoolTest, ForgottenAttemptIsGone) {
  {
    const auto spool = Open();
    Append(*spool, Event(1));
    Forget(*spool, kAttempt);
    Forget(*spool, kAttempt);  // again: nothing there
  }
  EXPECT_TRUE(Open()->recovered().empty());
  EXPECT_TRUE(Names().empty()) << "what is not used is removed at the start";
}

TEST_F(SpoolTest, TakesTheFileOfAForgottenAttemptForTheNext) {
  {
    const auto spool = Open();
    for (int job = 1; job <= 100; ++job) {
      Append(*spool, Event(1, {job, 1}));
      if (job < 100) Forget(*spool, {job, 1});
    }
    Append(*spool, Event(2, {100, 1}));
    Append(*spool, Event(1, {101, 1}));
    EXPECT_THAT(Names(), testing::ElementsAre("1.events", "2.events"));
  }
  const auto spool = Open();
  ASSERT_EQ(spool->recovered().size(), 2u);
  EXPECT_EQ(spool->recovered()[0].attempt, (AttemptId{100, 1}));
  EXPECT_EQ(spool->recovered()[0].events.size(), 2u);
  EXPECT_EQ(spool->recovered()[1].attempt, (AttemptId{101, 1}));
}

TEST_F(SpoolTest, AFileThatIsBeingSyncedOrIsLargeIsRemovedAndNotUsedAgain) {
  const auto spool = Open();
  Append(*spool, Event(1));
  const auto sync = spool->SyncOf({kAttempt});
  Forget(*spool, kAttempt);
  Append(*spool, Event(1, {13, 1}));
  EXPECT_TRUE(IsOk(sync()));
  EXPECT_THAT(Names(), testing::ElementsAre("2.events"));

  v1::AttemptEvent large = Event(2, {13, 1});
  large.mutable_log()->add_lines(std::string(kMaxSpareSpoolBytes, 'x'));
  Append(*spool, large);
  Forget(*spool, {13, 1});
  EXPECT_TRUE(Names().empty());
}

TEST_F(SpoolTest, ReadsWhatADaemonOfBeforeNamedByItsAttempt) {
  Append(*Open(), Event(1));
  std::filesystem::rename(File(), dir_ / "spool" / "12-1.events");
  const auto spool = Open();
  ASSERT_EQ(spool->recovered().size(), 1u);
  EXPECT_EQ(spool->recovered()[0].attempt, kAttempt);
  Append(*spool, Event(2));
  EXPECT_EQ(Open()->recovered()[0].events.size(), 2u);
}

// As after a power loss: what was emptied is back, and another file goes on.
TEST_F(SpoolTest, TakesAnAttemptThatTwoFilesTellFromOne) {
  Append(*Open(), Event(1));
  std::filesystem::copy(File(), dir_ / "spool" / "2.events");
  EXPECT_EQ(Open()->recovered().size(), 1u);
  EXPECT_THAT(Names(), testing::ElementsAre("1.events"));
}

TEST_F(SpoolTest, CutsATornTailAndAppendsBehindWhatWasWhole) {
  {
    const auto spool = Open();
    Append(*spool, Event(1));
    Append(*spool, Event(2));
  }
  std::filesystem::resize_file(File(), std::filesystem::file_size(File()) - 3);
  {
    const auto spool = Open();
    ASSERT_EQ(spool->recovered()[0].events.size(), 1u);
    Append(*spool, Event(2));
  }
  EXPECT_EQ(Open()->recovered()[0].events.size(), 2u);
}

TEST_F(SpoolTest, CutsATailOfZerosAndOfOtherBytes) {
  for (const std::string& tail :
       {std::string(100, '\0'), std::string(3, 'x'), std::string("\x05\0\0\0deadbeefxxxxx", 17)}) {
    std::filesystem::remove_all(dir_ / "spool");
    Append(*Open(), Event(1));
    const auto whole = std::filesystem::file_size(File());
    AppendBytes(tail);
    EXPECT_EQ(Open()->recovered()[0].events.size(), 1u);
    EXPECT_EQ(std::filesystem::file_size(File()), whole);
  }
}

TEST_F(SpoolTest, StopsAtAnEventThatIsOutOfOrder) {
  {
    const auto spool = Open();
    Append(*spool, Event(1));
    Append(*spool, Event(3));
  }
  EXPECT_EQ(Open()->recovered()[0].events.size(), 1u);
}

TEST_F(SpoolTest, LeavesForeignFilesAlone) {
  Open();
  std::ofstream(dir_ / "spool" / "notes.txt") << "mine";
  std::ofstream(dir_ / "spool" / "012-1.events") << "mine";
  EXPECT_TRUE(Open()->recovered().empty());
  EXPECT_TRUE(files_.Exists(dir_ / "spool" / "notes.txt"));
}

TEST_F(SpoolTest, FullFileTakesOnlyTheLastEvent) {
  const auto spool = Open();
  v1::AttemptEvent large;
  *large.mutable_attempt() = ToProto(kAttempt);
  large.mutable_log()->add_lines(std::string(48 << 20, 'x'));
  for (int i = 1; i <= 5; ++i) {
    large.set_sequence(i);
    Append(*spool, large);
  }
  large.set_sequence(6);
  EXPECT_TRUE(FailsWith(spool->Append(large, Durability::kProcess), ErrorCode::kFailedPrecondition,
                        "job 12, attempt 1"));
  EXPECT_TRUE(IsOk(spool->Append(large, Durability::kPowerLoss)));
}

}  // namespace
}  // namespace tutti
