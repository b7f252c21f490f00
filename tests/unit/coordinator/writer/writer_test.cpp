#include "coordinator/writer/writer.h"

#include <atomic>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"
#include "tests/unit/coordinator/writer/fillable_store.h"

namespace tutti {
namespace {

class WriterTest : public testing::Test {
 protected:
  WriterTest() {
    EXPECT_TRUE(IsOk(writer_.Start(listener_)));
    EXPECT_TRUE(IsOk(Ask([](Core& core, Moment now, Changes& changes) {
      DatasetRecord dataset;
      dataset.name = "music";
      dataset.version = "v1";
      EXPECT_TRUE(core.RegisterDataset(dataset, now, changes));
    })));
  }

  // Posts and waits for the answer.
  Status Ask(Writer::Decide decide) {
    std::promise<Status> answer;
    writer_.Post(std::move(decide), [&](const Status& status) { answer.set_value(status); });
    return answer.get_future().get();
  }

  Status Submit(const std::string& name) {
    return Ask([&](Core& core, Moment now, Changes& changes) {
      SubmitSweep submit;
      submit.manifest = MakeManifest(100, {"a", "b"});
      submit.spec = MakeSweepSpec(name, {"rnn"}, {333});
      submit.dataset_version = "v1";
      EXPECT_TRUE(IsOk(core.Submit(submit, now, changes)));
    });
  }

  std::vector<std::string> SweepNames() {
    std::vector<std::string> names;
    const auto reader = store_.OpenReader();
    const auto sweeps = (*reader)->Sweeps();
    for (const SweepRecord& sweep : *sweeps) names.push_back(sweep.name);
    return names;
  }

  FillableStore store_;
  FakeClock clock_;
  CountingListener listener_;
  Writer writer_{store_, clock_, {}};
};

TEST_F(WriterTest, AnAnswerComesAfterTheCommit) {
  ASSERT_TRUE(IsOk(Submit("one")));
  EXPECT_THAT(SweepNames(), testing::ElementsAre("one"));
}

TEST_F(WriterTest, AFailedCommitIsToldAndNothingOfItIsRemembered) {
  ASSERT_TRUE(IsOk(Submit("one")));
  store_.full = true;
  EXPECT_TRUE(FailsWith(Submit("two"), ErrorCode::kResourceExhausted, "disk full"));
  EXPECT_EQ(listener_.resets, 1);
  EXPECT_EQ(listener_.last_reset, "disk full");
  store_.full = false;
  clock_.Advance(kFirstCommitRetry);
  // The core was made anew: the sweep that was never stored is new, and nothing contradicts.
  ASSERT_TRUE(IsOk(Submit("two")));
  EXPECT_THAT(SweepNames(), testing::ElementsAre("one", "two"));
  std::vector<std::string> violations;
  ASSERT_TRUE(
      IsOk(Ask([&](Core& core, Moment, Changes&) { violations = core.CheckInvariants(); })));
  EXPECT_THAT(violations, testing::IsEmpty());
}

TEST_F(WriterTest, WhatArrivesTogetherIsOneTransaction) {
  std::promise<void> entered;
  std::promise<void> go_on;
  auto gate = go_on.get_future();
  writer_.Post(
      [&](Core&, Moment, Changes&) {
        entered.set_value();
        gate.wait();
      },
      [](const Status&) {});
  entered.get_future().wait();
  const int before = store_.commits;
  constexpr int kSubmits = 50;
  std::promise<void> all;
  std::atomic<int> done = 0;
  for (int i = 0; i < kSubmits; ++i) {
    writer_.Post(
        [i](Core& core, Moment now, Changes& changes) {
          SubmitSweep submit;
          submit.manifest = MakeManifest(100, {"a", "b"});
          submit.spec = MakeSweepSpec("s" + std::to_string(i), {"rnn"}, {333});
          submit.dataset_version = "v1";
          EXPECT_TRUE(IsOk(core.Submit(submit, now, changes)));
        },
        [&](const Status& status) {
          EXPECT_TRUE(IsOk(status));
          if (++done == kSubmits) all.set_value();
        });
  }
  go_on.set_value();
  all.get_future().wait();
  EXPECT_EQ(store_.commits - before, 1);
  EXPECT_EQ(SweepNames().size(), 50U);
}

TEST_F(WriterTest, AFrozenCoordinatorTakesNoLeaseForWhatItDidNotHear) {
  ASSERT_TRUE(IsOk(Submit("one")));
  ASSERT_TRUE(IsOk(Ask([](Core& core, Moment now, Changes& changes) {
    WorkerFrame frame;
    frame.worker = WorkerId{"a"};
    frame.session = 1;
    frame.hello = WorkerHello{"a", "host", "1", 1, 1, {JobKind::kPreprocess}};
    frame.free_slots = 1;
    EXPECT_TRUE(IsOk(core.ApplyFrame(frame, now, changes)));
  })));
  const auto look = [&] { EXPECT_TRUE(IsOk(Ask([](Core&, Moment, Changes&) {}))); };
  look();
  ASSERT_EQ(listener_.granted, 1);
  clock_.Advance(std::chrono::minutes(10));  // at once: nothing ran in between
  look();
  look();
  EXPECT_EQ(listener_.granted, 1);
  // Time that it lives through counts.
  for (int second = 0; second < 40; ++second) {
    clock_.Advance(std::chrono::seconds(1));
    look();
  }
  look();
  EXPECT_EQ(listener_.granted, 2) << "lost, and granted anew";
}

TEST_F(WriterTest, WhatIsPostedAfterTheEndIsAnsweredToo) {
  writer_.Stop();
  EXPECT_TRUE(FailsWith(Submit("late"), ErrorCode::kUnavailable, "shutting down"));
}

}  // namespace
}  // namespace tutti
