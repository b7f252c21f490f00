// The whole system under faults, from one seed each: see tests/README.md, "The simulation".
//
// world_sim_test --seed 17 tells that seed's story again; --seeds 10000 runs so many.
#include <charconv>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "tests/sim/world.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

constexpr std::uint64_t kBatches = 10;  // ctest runs them side by side

struct Asked {
  std::uint64_t seeds = 200;
  std::optional<std::uint64_t> seed;
};
Asked asked;

// The seeds of one batch, or the one that was asked for (in the first batch).
std::vector<std::uint64_t> SeedsOf(std::uint64_t batch) {
  if (asked.seed) return batch == 0 ? std::vector{*asked.seed} : std::vector<std::uint64_t>{};
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = batch; seed < asked.seeds; seed += kBatches) seeds.push_back(seed);
  return seeds;
}

// Before its world is made: the last one told is the one that hung or crashed.
std::uint64_t Told(std::uint64_t seed) {
  std::cout << "seed " << seed << '\n' << std::flush;
  return seed;
}

std::string Again(std::uint64_t seed, const World& world) {
  const std::string number = std::to_string(seed);
  return "seed " + number + "; again: world_sim_test --seed " + number + "\n" +
         world.story().LastLines();
}

// What stands in the end: success has one result, all else has none; without limits that bad luck
// reaches, there is nothing but success.
void ExpectEveryJobEndedRight(const World& world) {
  for (const auto& [id, job] : world.ledger().jobs()) {
    const bool succeeded = job.phase == JobPhase::kSucceeded;
    EXPECT_EQ(world.ledger().results().contains(id), succeeded) << "job " << id.value;
    EXPECT_TRUE(succeeded || world.has_usual_limits())
        << "job " << id.value << " is " << Name(job.phase) << ": " << job.message;
  }
}

class WorldSim : public testing::TestWithParam<std::uint64_t> {};

TEST_P(WorldSim, NothingIsLostAndEveryRunEndsWithTheSameWeightsWhateverHappens) {
  const TempDir folder;
  SimGround ground(folder.path());
  for (const std::uint64_t seed : SeedsOf(GetParam())) {
    World world(ground, Told(seed));
    const bool ended = world.Run();
    EXPECT_TRUE(ended) << "not every job ended in time after the last fault";
    if (ended) ExpectEveryJobEndedRight(world);
    ASSERT_FALSE(HasFailure()) << Again(seed, world);
  }
}

INSTANTIATE_TEST_SUITE_P(Batches, WorldSim, testing::Range<std::uint64_t>(0, kBatches));

// A simulation that never gets into trouble shows nothing.
TEST(WorldSimItself, ReachesEveryKindOfTrouble) {
  const TempDir folder;
  SimGround ground(folder.path());
  std::vector<int> times(static_cast<std::size_t>(Trouble::kCount));
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    World world(ground, Told(seed));
    ASSERT_TRUE(world.Run()) << Again(seed, world);
    for (std::size_t i = 0; i < times.size(); ++i) {
      times[i] += world.story().Count(static_cast<Trouble>(i));
    }
  }
  for (std::size_t i = 0; i < times.size(); ++i) {
    std::cout << times[i] << "  " << NameOf(static_cast<Trouble>(i)) << '\n';
    EXPECT_GT(times[i], 0) << NameOf(static_cast<Trouble>(i)) << " never happened";
  }
}

// The same seed is the same story: else a failure could not be looked at again.
TEST(WorldSimItself, TheSameSeedGivesTheSameStory) {
  const TempDir folder;
  SimGround ground(folder.path());
  const auto fingerprint = [&](std::uint64_t seed) {
    World world(ground, Told(seed));
    EXPECT_TRUE(world.Run()) << Again(seed, world);
    return world.story().fingerprint();
  };
  EXPECT_EQ(fingerprint(5), fingerprint(5));
  EXPECT_NE(fingerprint(5), fingerprint(6));
}

// False: not a number.
bool TakeNumber(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool TakeArguments(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    std::uint64_t number = 0;
    if (!TakeNumber(argv[i + 1], number)) return false;
    if (std::string_view(argv[i]) == "--seed") {
      asked.seed = number;
    } else if (std::string_view(argv[i]) == "--seeds") {
      asked.seeds = number;
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!tutti::TakeArguments(argc, argv)) {
    std::cerr << "usage: world_sim_test [--seed N] [--seeds N] [gtest options]\n";
    return 2;
  }
  spdlog::set_level(spdlog::level::off);  // what fails here on purpose is told by the story
  return RUN_ALL_TESTS();
}
