// The core alone against workers that crash, freeze, come back, repeat themselves and speak too
// late; invariants are checked after each call. One seed again: TUTTI_SIM_SEED=17 core_sim_test
#include "tests/sim/core_sim.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/environment.h"

namespace tutti {
namespace {

constexpr std::uint64_t kSeeds = 200;
constexpr std::uint64_t kBatches = 10;  // ctest runs them side by side

// The seeds of one batch, or the one that was asked for (in the first batch).
std::vector<std::uint64_t> SeedsOf(std::uint64_t batch) {
  if (const auto asked = EnvironmentVariable("TUTTI_SIM_SEED")) {
    if (batch != 0) return {};
    return {std::stoull(*asked)};
  }
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = batch; seed < kSeeds; seed += kBatches) seeds.push_back(seed);
  return seeds;
}

std::string Again(std::uint64_t seed) {
  return "seed " + std::to_string(seed) + "; again with TUTTI_SIM_SEED=" + std::to_string(seed);
}

void ExpectNoAttemptIsLive(const StateFold& stored) {
  for (const auto& [key, attempt] : stored.attempts) {
    EXPECT_NE(attempt.outcome, AttemptOutcome::kLeased);
    EXPECT_NE(attempt.outcome, AttemptOutcome::kRunning);
    EXPECT_LE(attempt.attempt, stored.jobs.at(attempt.job).last_attempt);
  }
}

class CoreSimTest : public testing::TestWithParam<std::uint64_t> {};

// With limits that no run of bad luck reaches, everything is done in the end, once.
TEST_P(CoreSimTest, EveryJobHasOneResultWhateverHappens) {
  for (const std::uint64_t seed : SeedsOf(GetParam())) {
    SCOPED_TRACE(Again(seed));
    CoreSim sim({.seed = seed, .max_attempts = 1000, .worker_lost_limit = 1000});
    ASSERT_TRUE(sim.Run()) << "jobs did not end";
    for (const auto& [id, job] : sim.stored().jobs) {
      const auto accepted = sim.stored().times_accepted.find(id);
      ASSERT_TRUE(job.phase == JobPhase::kSucceeded) << "job " << id.value << ": " << job.message;
      ASSERT_TRUE(accepted != sim.stored().times_accepted.end()) << "job " << id.value;
      ASSERT_EQ(accepted->second, 1) << "job " << id.value;
    }
    EXPECT_EQ(sim.stored().undecodable.size(), 4U);
    ExpectNoAttemptIsLive(sim.stored());
    ASSERT_FALSE(HasFailure());
  }
}

// With the usual limits some jobs fail; what succeeded has one result, what failed has none.
TEST_P(CoreSimTest, WithLimitsEveryJobEndsAndOnlySuccessHasAResult) {
  for (const std::uint64_t seed : SeedsOf(GetParam())) {
    SCOPED_TRACE(Again(seed));
    CoreSim sim({.seed = seed, .faulty_steps = 250});
    ASSERT_TRUE(sim.Run()) << "jobs did not end";
    for (const auto& [id, job] : sim.stored().jobs) {
      const auto accepted = sim.stored().times_accepted.find(id);
      const int times = accepted == sim.stored().times_accepted.end() ? 0 : accepted->second;
      ASSERT_EQ(times, job.phase == JobPhase::kSucceeded ? 1 : 0) << "job " << id.value;
    }
    ExpectNoAttemptIsLive(sim.stored());
    ASSERT_FALSE(HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(Batches, CoreSimTest, testing::Range<std::uint64_t>(0, kBatches));

// A simulation that never gets into trouble shows nothing.
TEST(CoreSimItself, ReachesEveryKindOfTrouble) {
  SimCounts sum;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CoreSim sim({.seed = seed, .max_attempts = 1000, .worker_lost_limit = 1000});
    ASSERT_TRUE(sim.Run()) << Again(seed);
    const SimCounts counts = sim.Counts();
    sum.broken_streams += counts.broken_streams;
    sum.late_frames += counts.late_frames;
    sum.aborted_frames += counts.aborted_frames;
    sum.gaps += counts.gaps;
    sum.restarts += counts.restarts;
    sum.lost_replies += counts.lost_replies;
    sum.foreign_frames += counts.foreign_frames;
    sum.superseded += counts.superseded;
    sum.reclaimed += counts.reclaimed;
  }
  EXPECT_GT(sum.broken_streams, 200);
  EXPECT_GT(sum.late_frames, 50);
  EXPECT_GT(sum.aborted_frames, 50);
  EXPECT_GT(sum.gaps, 10);
  EXPECT_GT(sum.restarts, 50);
  EXPECT_GT(sum.lost_replies, 200);
  EXPECT_GT(sum.foreign_frames, 50);
  EXPECT_GT(sum.superseded, 10);
  EXPECT_GT(sum.reclaimed, 10);
}

// The same seed is the same story: else a failure could not be looked at again.
TEST(CoreSimItself, TheSameSeedGivesTheSameEvents) {
  const auto events = [] {
    CoreSim sim({.seed = 5, .max_attempts = 1000, .worker_lost_limit = 1000});
    EXPECT_TRUE(sim.Run());
    return sim.stored().events;
  };
  EXPECT_EQ(events(), events());
}

}  // namespace
}  // namespace tutti
