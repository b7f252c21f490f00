#include "coordinator/core/job_kinds.h"

#include <gtest/gtest.h>

#include "coordinator/core/records.h"

namespace tutti {
namespace {

// Every value from 0 up to the last has a word of its own that reads back.
template <class Enum, class Parse>
void EveryWordReadsBack(Enum last, const Parse& parse) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    EXPECT_EQ(parse(Name(value)), value) << Name(value);
  }
  EXPECT_EQ(parse("Running"), std::nullopt);
  EXPECT_EQ(parse(""), std::nullopt);
}

TEST(JobKinds, WordsReadBack) {
  EveryWordReadsBack(JobKind::kCommand, ParseJobKind);
  EveryWordReadsBack(JobPhase::kCancelled, ParseJobPhase);
  EveryWordReadsBack(FailureClass::kPreempted, ParseFailureClass);
  EveryWordReadsBack(AttemptOutcome::kCancelled, ParseAttemptOutcome);
  EveryWordReadsBack(Role::kWorker, ParseRole);
}

TEST(JobKinds, StoredWordsStayAsTheyAre) {
  EXPECT_EQ(Name(JobKind::kPreprocess), "preprocess");
  EXPECT_EQ(Name(JobPhase::kCancelled), "cancelled");
  EXPECT_EQ(Name(FailureClass::kOutOfMemory), "out_of_memory");
  EXPECT_EQ(Name(AttemptOutcome::kSuperseded), "superseded");
  EXPECT_EQ(Name(Role::kEnrol), "enrol");
}

}  // namespace
}  // namespace tutti
