// What is told of sweeps, also over a start.
#include "coordinator/upkeep/sweep_watch.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/store/memory_store.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SweepWatchTest : public testing::Test {
 protected:
  // A sweep of one run, which stands so.
  void Put(std::int64_t id, JobPhase phase, const std::string& event = "result_accepted") {
    SweepRecord sweep;
    sweep.id = SweepId{id};
    sweep.name = "s" + std::to_string(id);
    JobRecord job;
    job.id = JobId{id};
    job.kind = JobKind::kCommand;
    job.sweep = sweep.id;
    job.key = sweep.name;
    job.phase = phase;
    EventRecord row;
    row.kind = event;
    row.sweep = sweep.id;
    UpdateJob update;
    update.id = job.id;
    update.phase = phase;
    const bool is_new = known_.insert(id).second;
    Changes changes;
    if (is_new) changes = {PutSweep{sweep}, PutJob{job}};
    if (!is_new) changes = {update};
    changes.push_back(AppendEvent{row});
    ASSERT_TRUE(IsOk(store_.Commit(changes)));
  }

  // "sweep_ended s1" and the like; all of them are told unless `tell` says otherwise.
  std::vector<std::string> Look(SweepWatch& watch, std::size_t tell = 100) {
    const auto reader = store_.OpenReader();
    const auto notices = watch.Look(**reader);
    EXPECT_TRUE(IsOk(notices));
    std::vector<std::string> words;
    for (const SweepNotice& notice : *notices) {
      words.push_back(notice.event + " " + notice.sweep);
      if (words.size() <= tell) watch.OnTold(notice);
    }
    if (words.size() <= tell) watch.OnAllTold();
    return words;
  }

  static SweepWatch StartedAgain(const SweepWatch& before) {
    const auto told = SweepsToldFromText(ToText(before.told()));
    EXPECT_TRUE(IsOk(told));
    return SweepWatch(*told);
  }

  MemoryStore store_;
  std::set<std::int64_t> known_;
};

TEST_F(SweepWatchTest, WhatHasEndedBeforeTheFirstLookIsNotTold) {
  Put(1, JobPhase::kSucceeded);
  SweepWatch watch;
  EXPECT_THAT(Look(watch), IsEmpty());
  Put(2, JobPhase::kSucceeded);
  EXPECT_THAT(Look(watch), ElementsAre("sweep_ended s2"));
  EXPECT_THAT(Look(watch), IsEmpty());
}

TEST_F(SweepWatchTest, WhatEndsWhileNobodyLooksIsToldAfterTheNextStartOnce) {
  SweepWatch before;
  EXPECT_THAT(Look(before), IsEmpty());
  Put(1, JobPhase::kSucceeded);
  EXPECT_THAT(Look(before), ElementsAre("sweep_ended s1"));
  Put(2, JobPhase::kFailed);
  SweepWatch after = StartedAgain(before);
  EXPECT_THAT(Look(after), ElementsAre("first_failure s2", "sweep_ended s2"));
  EXPECT_THAT(Look(after), IsEmpty());
}

TEST_F(SweepWatchTest, WhatWasNotToldBeforeAKillIsToldAgainAndTheRestIsNot) {
  SweepWatch before;
  EXPECT_THAT(Look(before), IsEmpty());
  Put(1, JobPhase::kSucceeded);
  Put(2, JobPhase::kSucceeded);
  Put(3, JobPhase::kSucceeded);
  EXPECT_THAT(Look(before, 1), ElementsAre("sweep_ended s1", "sweep_ended s2", "sweep_ended s3"));
  SweepWatch after = StartedAgain(before);
  EXPECT_THAT(Look(after), ElementsAre("sweep_ended s2", "sweep_ended s3"));
}

TEST_F(SweepWatchTest, ASweepThatIsTriedAgainEndsOnceMore) {
  SweepWatch watch;
  EXPECT_THAT(Look(watch), IsEmpty());
  Put(1, JobPhase::kFailed);
  EXPECT_THAT(Look(watch), ElementsAre("first_failure s1", "sweep_ended s1"));
  Put(1, JobPhase::kReady, "sweep_retried");
  EXPECT_THAT(Look(watch), IsEmpty());
  SweepWatch after = StartedAgain(watch);
  Put(1, JobPhase::kSucceeded);
  EXPECT_THAT(Look(after), ElementsAre("sweep_ended s1"));
}

// A backup was restored: its log is shorter, and its numbers are given again.
TEST_F(SweepWatchTest, NotesOfAnotherLogCountForNothing) {
  SweepsTold told;
  told.last_event = 1'000;
  told.sweeps[SweepId{1}] = {true, true};
  Put(1, JobPhase::kSucceeded);
  Put(2, JobPhase::kSucceeded);
  SweepWatch watch(told);
  EXPECT_THAT(Look(watch), IsEmpty());
  Put(3, JobPhase::kSucceeded);
  EXPECT_THAT(Look(watch), ElementsAre("sweep_ended s3"));
}

TEST_F(SweepWatchTest, NotesThatCannotBeReadAreAnError) {
  for (const char* text : {"", "{}", R"({"last_event":1,"sweeps":[{}]})", "[1"}) {
    const auto told = SweepsToldFromText(text);
    ASSERT_FALSE(told.ok()) << text;
    EXPECT_EQ(told.error().code, ErrorCode::kDataLoss) << text;
  }
}

}  // namespace
}  // namespace tutti
