#include "worker/daemon/spool.h"

#include <fstream>
#include <string>

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
  std::filesystem::path File() const { return dir_ / "spool" / "12-1.events"; }
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
    EXPECT_TRUE(IsOk(spool->Forget(kAttempt)));
    EXPECT_TRUE(IsOk(spool->Forget(kAttempt)));  // again: nothing there
  }
  EXPECT_TRUE(Open()->recovered().empty());
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
    std::filesystem::remove(File());
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
  AppendBytes("x");
  std::filesystem::resize_file(File(), kMaxSpoolFileBytes);  // sparse
  EXPECT_TRUE(FailsWith(spool->Append(Event(1), Durability::kProcess),
                        ErrorCode::kFailedPrecondition, "job 12, attempt 1"));
  EXPECT_TRUE(IsOk(spool->Append(Event(1), Durability::kPowerLoss)));
}

}  // namespace
}  // namespace tutti
