// A disk that is full, fails or is nearly full: what is refused, what is answered, and how it goes
// on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/store/sqlite_store.h"
#include "coordinator/writer/group_commit.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"
#include "tests/support/sim_database_disk.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/coordinator/writer/fillable_store.h"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

const WorkerId kWorker{"w"};

class DiskTrouble : public testing::Test {
 protected:
  DiskTrouble() {
    commit_.UseGate([this]() -> Status {
      if (is_low_) return ResourceExhausted("nearly full");
      return {};
    });
    EXPECT_TRUE(IsOk(commit_.Start(listener_)));
    DatasetRecord dataset;
    dataset.name = "music";
    dataset.version = "v1";
    EXPECT_TRUE(IsOk(Ask([&](Core& core, Moment now, Changes& changes) {
      EXPECT_TRUE(core.RegisterDataset(dataset, now, changes));
    })));
  }

  Status Ask(GroupCommit::Decide decide) {
    Status answer;
    commit_.Process({{std::move(decide), [&](const Status& status) { answer = status; }}});
    return answer;
  }
  Status Submit(const std::string& name) {
    return Ask([&](Core& core, Moment now, Changes& changes) {
      SubmitSweep submit;
      submit.manifest = MakeManifest(64, {"a", "b"});
      submit.spec = MakeSweepSpec(name, {"rnn"}, {333});
      submit.dataset_version = "v1";
      EXPECT_TRUE(IsOk(core.Submit(submit, now, changes)));
    });
  }
  Status Look(std::size_t& workers) {
    Status answer;
    commit_.Process({{nullptr, [&](const Status& status) { answer = status; },
                      [&](const Core& core) { workers = core.Workers().size(); }}});
    return answer;
  }
  // A worker with one slot opens a session, holding what it was granted before.
  Status Connect(std::vector<AttemptKey> held = {}) {
    return Ask([&](Core& core, Moment now, Changes& changes) {
      WorkerFrame frame;
      frame.worker = kWorker;
      frame.session = ++session_;
      frame.hello = WorkerHello{"one", "host", "1", 1, 1, {JobKind::kPreprocess, JobKind::kTrain}};
      frame.free_slots = held.empty() ? 1 : 0;
      frame.held = std::move(held);
      EXPECT_TRUE(IsOk(core.ApplyFrame(frame, now, changes)));
    });
  }
  std::vector<std::string> EventKinds() {
    std::vector<std::string> kinds;
    const auto reader = store_.OpenReader();
    const auto events = (*reader)->Events(0, 1'000);
    for (const EventRecord& event : *events) kinds.push_back(event.kind);
    return kinds;
  }
  std::vector<AttemptKey> Live() {
    std::vector<AttemptKey> live;
    for (const WorkerStatus& worker : commit_.core().Workers()) {
      live.insert(live.end(), worker.live.begin(), worker.live.end());
    }
    return live;
  }

  FillableStore store_;
  FakeClock clock_;
  CountingListener listener_;
  GroupCommit commit_{store_, clock_, {}};
  bool is_low_ = false;
  std::int64_t session_ = 0;
};

TEST_F(DiskTrouble, WhatChangesSomethingIsRefusedWithTheReasonAndTheRemedy) {
  store_.full = true;
  EXPECT_TRUE(FailsWith(Submit("one"), ErrorCode::kResourceExhausted, "disk full"));
  EXPECT_EQ(listener_.resets, 1);
  const Status later = Submit("two");
  EXPECT_TRUE(FailsWith(later, ErrorCode::kResourceExhausted, "cannot store anything: disk full"));
  EXPECT_THAT(later.error().message, HasSubstr("make room on the disk of its state folder"));
}

TEST_F(DiskTrouble, WhatOnlyLooksIsAnswered) {
  ASSERT_TRUE(IsOk(Connect()));
  store_.full = true;
  EXPECT_FALSE(Submit("one").ok());
  std::size_t workers = 0;
  EXPECT_TRUE(IsOk(Look(workers)));
  EXPECT_EQ(workers, 1U);
}

TEST_F(DiskTrouble, TheDiskIsTriedSeldomAndTheStateIsReadOnce) {
  store_.full = true;
  EXPECT_FALSE(Submit("one").ok());
  const int commits = store_.commits;
  const int loads = store_.loads;
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(Submit("again").ok());
  EXPECT_EQ(store_.commits, commits) << "tried before its time";
  for (auto passed = 0ms; passed < 600s; passed += 10ms) {
    clock_.Advance(10ms);
    EXPECT_FALSE(Submit("again").ok());
  }
  // 0.1, 0.2, 0.4 … 3.2 s, then every 5 s.
  EXPECT_GE(store_.commits - commits, 600 / 5);
  EXPECT_LE(store_.commits - commits, 600 / 5 + 6);
  EXPECT_EQ(store_.loads, loads);
}

TEST_F(DiskTrouble, ItWakesUpForTheNextTryAndNotForALeaseThatCannotExpire) {
  ASSERT_TRUE(IsOk(Connect()));
  ASSERT_TRUE(IsOk(Submit("one")));
  ASSERT_EQ(listener_.granted, 1);
  store_.full = true;
  EXPECT_FALSE(Submit("two").ok());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(commit_.NextDeadline());
    EXPECT_GT(*commit_.NextDeadline(), clock_.SteadyNow());
    clock_.Advance(std::chrono::duration_cast<std::chrono::milliseconds>(*commit_.NextDeadline() -
                                                                         clock_.SteadyNow()));
    commit_.Process({});
  }
}

TEST_F(DiskTrouble, ItGoesOnByItselfAndTheLogTellsHowLongItWas) {
  store_.full = true;
  EXPECT_FALSE(Submit("one").ok());
  clock_.Advance(10s);
  commit_.Process({});
  EXPECT_TRUE(commit_.in_trouble());
  store_.full = false;
  clock_.Advance(kLongestCommitRetry);
  commit_.Process({});
  EXPECT_FALSE(commit_.in_trouble());
  EXPECT_THAT(EventKinds(), Contains("disk_works_again"));
  EXPECT_TRUE(IsOk(Submit("one")));
}

TEST_F(DiskTrouble, AnAttemptOutlivesALongTroubleAndItsWorkerKeepsIt) {
  ASSERT_TRUE(IsOk(Connect()));
  ASSERT_TRUE(IsOk(Submit("one")));
  const std::vector<AttemptKey> live = Live();
  ASSERT_EQ(live.size(), 1U);
  store_.full = true;
  EXPECT_FALSE(Submit("two").ok());
  clock_.Advance(24h);
  EXPECT_FALSE(Submit("two").ok());
  EXPECT_EQ(listener_.granted, 1) << "a lease while nothing can be stored";
  store_.full = false;
  clock_.Advance(kLongestCommitRetry);
  commit_.Process({});
  clock_.Advance(CoreOptions{}.lease - 1ms);
  ASSERT_TRUE(IsOk(Connect(live)));
  EXPECT_EQ(Live(), live);
  EXPECT_THAT(EventKinds(), testing::Not(Contains("attempt_lost")));
}

TEST_F(DiskTrouble, ADiskThatCannotBeReadEitherIsWaitedFor) {
  store_.full = true;
  store_.unreadable = true;
  EXPECT_FALSE(Submit("one").ok());
  std::size_t workers = 0;
  EXPECT_FALSE(Look(workers).ok());
  store_.full = false;
  clock_.Advance(kLongestCommitRetry);
  EXPECT_FALSE(Submit("one").ok()) << "the core is not what is stored";
  store_.unreadable = false;
  clock_.Advance(kLongestCommitRetry);
  EXPECT_TRUE(IsOk(Submit("one")));
}

TEST_F(DiskTrouble, WhileLittleRoomIsLeftNothingIsLeasedAndResultsAreTaken) {
  ASSERT_TRUE(IsOk(Submit("one")));
  is_low_ = true;
  ASSERT_TRUE(IsOk(Connect()));
  EXPECT_EQ(listener_.granted, 0);
  EXPECT_TRUE(IsOk(Ask([](Core&, Moment, Changes& changes) {
    EventRecord event;
    event.kind = "a_result";
    changes.emplace_back(AppendEvent{event});
  })));
  commit_.Process({});
  is_low_ = false;
  commit_.Process({});
  EXPECT_EQ(listener_.granted, 1);
  std::vector<std::string> of_the_disk = EventKinds();
  std::erase_if(of_the_disk, [](const std::string& kind) { return !kind.starts_with("disk"); });
  EXPECT_THAT(of_the_disk, ElementsAre("disk_low", "disk_has_room"));
}

// The real store, on a disk that an operating system has made read-only under it.
TEST(ReadOnlyDisk, IsToldByItsNameLooksAreAnsweredAndItGoesOnByItself) {
  const TempDir folder;
  SimDatabaseDisk disk(7);
  auto store = SqliteStore::Open(folder.path() / "state.db");
  ASSERT_TRUE(IsOk(store));
  FakeClock clock;
  CountingListener listener;
  GroupCommit commit(**store, clock, {});
  ASSERT_TRUE(IsOk(commit.Start(listener)));
  const auto register_version = [&](const std::string& version) {
    Status answer;
    commit.Process({{[&](Core& core, Moment now, Changes& changes) {
                       DatasetRecord dataset;
                       dataset.name = "music";
                       dataset.version = version;
                       core.RegisterDataset(dataset, now, changes);
                     },
                     [&](const Status& status) { answer = status; }}});
    return answer;
  };
  ASSERT_TRUE(IsOk(register_version("v1")));
  disk.Fail(SimDatabaseDisk::Fault::kReadOnly);
  EXPECT_TRUE(FailsWith(register_version("v2"), ErrorCode::kDataLoss, "read-only"));
  EXPECT_TRUE(FailsWith(register_version("v3"), ErrorCode::kUnavailable,
                        "the file system is read-only; look why"));
  Status looked = Unavailable("not asked");
  commit.Process({{nullptr, [&](const Status& status) { looked = status; }, [](const Core&) {}}});
  EXPECT_TRUE(IsOk(looked));
  EXPECT_EQ((*(*store)->OpenReader())->Dataset("music")->version, "v1");
  disk.Fail(SimDatabaseDisk::Fault::kNone);
  clock.Advance(kLongestCommitRetry);
  EXPECT_TRUE(IsOk(register_version("v4")));
  EXPECT_EQ((*(*store)->OpenReader())->Dataset("music")->version, "v4");
}

// A coordinator that begins there says so, and does not half begin.
TEST(ReadOnlyDisk, IsNoPlaceToStart) {
  const TempDir folder;
  SimDatabaseDisk disk(7);
  ASSERT_TRUE(IsOk(SqliteStore::Open(folder.path() / "state.db")));
  disk.Fail(SimDatabaseDisk::Fault::kReadOnly);
  EXPECT_FALSE(SqliteStore::Open(folder.path() / "state.db").ok());
  disk.Fail(SimDatabaseDisk::Fault::kNone);
  EXPECT_TRUE(IsOk(SqliteStore::Open(folder.path() / "state.db")));
}

}  // namespace
}  // namespace tutti
