#include "worker/daemon/disk_care.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/hash.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/daemon/folder_transport.h"
#include "worker/daemon/disk_watch.h"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr AttemptId kFirst{12, 1};
const Error kFull{ErrorCode::kResourceExhausted, "No space left on device"};
const Error kReadOnly{ErrorCode::kPermissionDenied, "Read-only file system"};

// An agent whose events go to a spool on a disk that can fail; time moves only when a test says so.
class DiskCareTest : public testing::Test {
 protected:
  explicit DiskCareTest(Background sync = {})
      : spool_(*Spool::Open(files_, dir_ / "spool")),
        agent_(MakeOptions()),
        care_(*spool_, agent_, [this] { return disk_; }, std::move(sync)) {
    agent_.OnSessionOpened(1, {});
    EXPECT_TRUE(agent_.NextFrame(Now()));
    v1::CoordinatorFrame frame;
    frame.mutable_settings()->set_heartbeat_interval_ms(1'000'000'000);
    agent_.OnFrame(frame, Now());
  }
  static Agent::Options MakeOptions() {
    Agent::Options options;
    options.worker_id = "worker-1";
    options.hello.set_slots(2);
    options.slots = 2;
    return options;
  }

  Instant Now() const { return {now_, UnixMillis{1'700'000'000'000}}; }
  // As the daemon's pump.
  std::optional<v1::WorkerFrame> Pump() {
    care_.Tick(now_);
    for (const Action& action : agent_.TakeActions()) {
      if (const auto* spool = std::get_if<SpoolEvent>(&action)) care_.Store(*spool, now_);
      if (const auto* forget = std::get_if<ForgetAttempt>(&action)) care_.Forget(forget->attempt);
    }
    return agent_.NextFrame(Now());
  }
  void Lease(const AttemptId& id) {
    v1::CoordinatorFrame frame;
    *frame.add_leases()->mutable_attempt() = ToProto(id);
    agent_.OnFrame(frame, Now());
  }
  // A job that runs, its first event told.
  void Run() {
    Lease(kFirst);
    agent_.OnRunning(kFirst, "cpu", Now());
    const auto frame = Pump();
    ASSERT_TRUE(frame);
    ASSERT_EQ(frame->events_size(), 1);
  }
  void Finish() { agent_.OnFinished(kFirst, {}, Now()); }
  // What a daemon that starts now would find.
  std::vector<v1::AttemptEvent> InTheSpool() {
    PosixFileSystem real;
    const auto spool = Spool::Open(real, dir_ / "spool");
    EXPECT_TRUE(IsOk(spool));
    if ((*spool)->recovered().empty()) return {};
    return (*spool)->recovered()[0].events;
  }

  TempDir dir_;
  FaultyFileSystem files_;
  std::unique_ptr<Spool> spool_;
  Agent agent_;
  Status disk_;
  DiskCare care_;
  SteadyTime now_{1h};
};

TEST_F(DiskCareTest, AFinalEventThatCannotBeWrittenIsNotToldBeforeItIs) {
  Run();
  files_.write_error = kFull;
  files_.sync_error = kFull;
  Finish();
  const auto frame = Pump();
  EXPECT_TRUE(!frame || frame->events_size() == 0);
  files_.write_error.reset();
  now_ += kDiskCheckInterval;
  const auto still_unsynced = Pump();
  EXPECT_TRUE(!still_unsynced || still_unsynced->events_size() == 0);
  files_.sync_error.reset();
  now_ += kDiskCheckInterval;
  const auto told = Pump();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->events_size(), 1);
  EXPECT_TRUE(told->events(0).has_finished());
  EXPECT_EQ(told->events(0).sequence(), 2);
  ASSERT_EQ(InTheSpool().size(), 2U);
  EXPECT_TRUE(InTheSpool()[1].has_finished());
}

TEST_F(DiskCareTest, AWriteThatWasCutShortCostsNoEvent) {
  Run();
  files_.write_error = kFull;
  files_.tears = true;
  v1::EpochPoint epoch;
  epoch.set_epoch(1);
  agent_.OnEpoch(kFirst, epoch, Now());
  EXPECT_EQ(Pump()->events_size(), 0);
  files_.write_error.reset();
  Finish();  // before anybody has looked at the disk again
  const auto frame = Pump();
  EXPECT_TRUE(!frame || frame->events_size() == 0);
  now_ += kDiskCheckInterval;
  EXPECT_EQ(Pump()->events_size(), 2);
  const auto spooled = InTheSpool();
  ASSERT_EQ(spooled.size(), 3U);
  EXPECT_EQ(spooled[1].epoch().epoch(), 1);
  EXPECT_TRUE(spooled[2].has_finished());
}

TEST_F(DiskCareTest, AnEventAfterOneThatWasKeptBackIsKeptBackToo) {
  Run();
  files_.write_error = kFull;
  v1::EpochPoint epoch;
  agent_.OnEpoch(kFirst, epoch, Now());
  Pump();
  files_.write_error.reset();
  agent_.OnEpoch(kFirst, epoch, Now());
  const auto frame = Pump();
  EXPECT_TRUE(!frame || frame->events_size() == 0);
}

TEST_F(DiskCareTest, InTroubleNoSlotIsOfferedAndALeaseIsHandedBackWithTheReason) {
  disk_ = kReadOnly;
  now_ += kDiskCheckInterval;
  const auto told = Pump();
  ASSERT_TRUE(told) << "it says so at once";
  EXPECT_EQ(told->free_slots(), 0);
  Lease(kFirst);
  const auto back = Pump();
  ASSERT_TRUE(back);
  ASSERT_EQ(back->events_size(), 1);
  EXPECT_THAT(back->events(0).returned().reason(), HasSubstr("Read-only file system"));
  disk_ = {};
  now_ += kDiskCheckInterval;
  const auto well = Pump();
  ASSERT_TRUE(well);
  EXPECT_EQ(well->free_slots(), 2);
}

TEST_F(DiskCareTest, AfterEachJobHandedBackItWaitsLongerUntilOneEndsWell) {
  for (auto expected = 2 * kDiskCheckInterval; expected < 4 * kLongestDiskPause; expected *= 2) {
    care_.OnHandedBack("full", now_);
    EXPECT_EQ(agent_.free_slots(), 0);
    now_ += std::min(expected, kLongestDiskPause) - 1ms;
    Pump();
    EXPECT_EQ(agent_.free_slots(), 0);
    now_ += 1ms;
    Pump();
    EXPECT_EQ(agent_.free_slots(), 2);
  }
  care_.OnJobDone();
  care_.OnHandedBack("full", now_);
  now_ += 2 * kDiskCheckInterval;
  Pump();
  EXPECT_EQ(agent_.free_slots(), 2);
}

// Syncs are done when a test says so.
class LaterSyncTest : public DiskCareTest {
 protected:
  LaterSyncTest()
      : DiskCareTest([this](std::function<Status()> work, std::function<void(const Status&)> done) {
          syncs_.push_back([work = std::move(work), done = std::move(done)] { done(work()); });
        }) {}
  void SyncAll() {
    for (const auto& sync : std::exchange(syncs_, {})) sync();
  }
  bool Told() {
    const auto frame = Pump();
    return frame && frame->events_size() > 0;
  }

  std::vector<std::function<void()>> syncs_;
};

TEST_F(LaterSyncTest, AResultThatNobodyAcknowledgesIsMadeDurable) {
  Run();
  Finish();
  EXPECT_TRUE(Told());
  EXPECT_EQ(InTheSpool().size(), 2U) << "it survives the process already";
  EXPECT_EQ(care_.NextDeadline(), now_ + kSyncDelay);
  now_ += kSyncDelay - 1ms;
  Pump();
  EXPECT_TRUE(syncs_.empty());
  now_ += 1ms;
  Pump();
  ASSERT_EQ(syncs_.size(), 1U);
  Pump();
  ASSERT_EQ(syncs_.size(), 1U) << "one at a time";
  SyncAll();
  Pump();
  EXPECT_TRUE(syncs_.empty()) << "once is enough";
}

TEST_F(LaterSyncTest, AnAcknowledgedOneCostsNoSync) {
  Run();
  Finish();
  EXPECT_TRUE(Told());
  v1::CoordinatorFrame frame;
  *frame.add_acked()->mutable_attempt() = ToProto(kFirst);
  frame.mutable_acked(0)->set_sequence(2);
  agent_.OnFrame(frame, Now());
  Pump();
  SyncAll();  // its file is removed
  EXPECT_TRUE(InTheSpool().empty());
  now_ += kSyncDelay;
  Pump();
  EXPECT_TRUE(syncs_.empty());
}

TEST_F(LaterSyncTest, ASyncThatFailsIsTroubleUntilTheDiskIsWell) {
  Run();
  Finish();
  Pump();
  now_ += kSyncDelay;
  Pump();
  files_.sync_error = kFull;
  SyncAll();
  EXPECT_EQ(agent_.free_slots(), 0);
  files_.sync_error.reset();
  now_ += kDiskCheckInterval;
  Pump();
  EXPECT_EQ(agent_.free_slots(), 2);
  EXPECT_EQ(InTheSpool().size(), 2U);
}

TEST_F(LaterSyncTest, AnAttemptThatIsDroppedMeanwhileIsForgotten) {
  Run();
  Finish();
  Pump();
  now_ += kSyncDelay;
  Pump();
  v1::CoordinatorFrame drop;
  *drop.add_drops()->mutable_attempt() = ToProto(kFirst);
  agent_.OnFrame(drop, Now());
  Pump();
  files_.sync_error = kFull;
  SyncAll();
  EXPECT_EQ(agent_.free_slots(), 2) << "a disk's error about what nobody wants is none";
  EXPECT_TRUE(InTheSpool().empty());
}

class DiskWatchTest : public testing::Test {
 protected:
  DiskWatchTest() : cache_(*BlobCache::Open(files_, clock_, dir_ / "cache")) {}

  TempDir dir_;
  SystemClock clock_;
  FaultyFileSystem files_;
  std::unique_ptr<BlobCache> cache_;
  std::uint64_t free_ = 100 << 20;
  DiskWatch watch_{files_, dir_.path(), [this]() -> Result<std::uint64_t> { return free_; },
                   *cache_, 100 << 20};
};

TEST_F(DiskWatchTest, ADiskWithRoomThatCanBeWrittenIsWell) {
  EXPECT_TRUE(IsOk(watch_.Check()));
  EXPECT_FALSE(files_.Exists(dir_ / "disk-probe"));
}

TEST_F(DiskWatchTest, AFullOneSaysHowMuchIsFreeAndWhatToDo) {
  free_ = 7 << 20;
  EXPECT_TRUE(FailsWith(watch_.Check(), ErrorCode::kResourceExhausted,
                        "7 MiB are free where " + dir_.path().string() +
                            " lies, 100 MiB are wanted: make room there"));
}

TEST_F(DiskWatchTest, OneThatCannotBeWrittenOrSyncedIsNotWell) {
  files_.write_error = kReadOnly;
  EXPECT_TRUE(FailsWith(watch_.Check(), ErrorCode::kPermissionDenied,
                        "the worker's disk cannot be written: Read-only file system"));
  files_.write_error.reset();
  files_.sync_error = Error{ErrorCode::kDataLoss, "fsync: Input/output error"};
  EXPECT_TRUE(FailsWith(watch_.Check(), ErrorCode::kDataLoss, "Input/output error"));
}

TEST_F(DiskWatchTest, TheCacheGivesUpWhatIsNotInUse) {
  FolderTransport blobs(dir_ / "blobs");
  const std::string unused = blobs.Put(std::string(1'000, 'u'));
  const std::string in_use = blobs.Put(std::string(1'000, 'i'));
  {
    const auto pin = cache_->Get(unused, blobs);
  }
  const auto pin = cache_->Get(in_use, blobs);
  ASSERT_TRUE(IsOk(pin));
  free_ -= 1;
  EXPECT_FALSE(watch_.Check().ok());
  EXPECT_THAT(cache_->Contents(10), testing::ElementsAre(in_use));
}

}  // namespace
}  // namespace tutti
