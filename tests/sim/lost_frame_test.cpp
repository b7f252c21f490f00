// For everything that worker and coordinator can say to each other: the frame that says it is lost,
// its answer is lost, it comes twice. Each ends in exactly one effect in the store.
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/exchange.h"

namespace tutti {
namespace {

constexpr Fate kFates[] = {Fate::kLost, Fate::kAnswerLost, Fate::kRepeated, Fate::kRepeatedLater};

std::string NameOf(Fate fate) {
  switch (fate) {
    case Fate::kArrives:
      return "Arrives";
    case Fate::kLost:
      return "Lost";
    case Fate::kAnswerLost:
      return "AnswerLost";
    case Fate::kRepeated:
      return "Repeated";
    case Fate::kRepeatedLater:
      return "RepeatedLater";
  }
  return "";
}

Fate Arrives(int, const std::set<std::string>&) {
  return Fate::kArrives;
}

// The story's end when nothing is lost.
const std::string& Undisturbed() {
  static const std::string picture = [] {
    Exchange exchange(Arrives);
    EXPECT_TRUE(exchange.Run());
    return exchange.Picture();
  }();
  return picture;
}

void ExpectTheSameEnd(const Exchange::Decide& decide) {
  const std::string& undisturbed = Undisturbed();
  Exchange exchange(decide);
  ASSERT_TRUE(exchange.Run()) << "it came to no end";
  EXPECT_EQ(exchange.Picture(), undisturbed);
  EXPECT_THAT(exchange.repeated_effects(), testing::IsEmpty());
  EXPECT_TRUE(exchange.agent_holds_nothing());
}

// Whoever adds a field to a frame or a kind of event has to bring it into the story (exchange.cpp):
// the tests below lose what is said in it.
TEST(LostFrame, TheStorySaysEverythingThatTheContractHas) {
  const std::set<std::string> said = [] {
    Exchange exchange(Arrives);
    EXPECT_TRUE(exchange.Run());
    return exchange.said();
  }();
  EXPECT_THAT(AllFields(), testing::IsSubsetOf(said));
  EXPECT_EQ(Undisturbed(),
            "job 1 succeeded\n"
            "  succeeded, 2 events\n"
            "  a result\n"
            "job 2 succeeded\n"
            "  succeeded, 7 events\n"
            "    epoch 1\n"
            "    epoch 2\n"
            "    log a line\n"
            "  a result\n"
            "job 3 succeeded\n"
            "  failed, 2 events\n"
            "  returned, 2 events\n"
            "  succeeded, 2 events\n"
            "  a result\n"
            "job 4 cancelled\n"
            "  cancelled, 1 events\n");
}

class LostFrameOfAKind : public testing::TestWithParam<std::tuple<std::string, Fate>> {};

TEST_P(LostFrameOfAKind, EndsInOneEffect) {
  const auto& [field, fate] = GetParam();
  bool met = false;
  ExpectTheSameEnd([&](int, const std::set<std::string>& fields) {
    if (met || !fields.contains(field)) return Fate::kArrives;
    met = true;
    return fate;
  });
  EXPECT_TRUE(met) << field << " was never said";
}

INSTANTIATE_TEST_SUITE_P(Contract, LostFrameOfAKind,
                         testing::Combine(testing::ValuesIn(AllFields()),
                                          testing::ValuesIn(kFates)),
                         [](const auto& chosen) {
                           std::string name = std::get<0>(chosen.param);
                           std::ranges::replace(name, '.', '_');
                           return name + "_" + NameOf(std::get<1>(chosen.param));
                         });

// Not only the first frame of a kind: each one of the story, and each pair of neighbours.
class LostFrameAnywhere : public testing::TestWithParam<Fate> {};

TEST_P(LostFrameAnywhere, EndsInOneEffect) {
  const int frames = [] {
    Exchange whole(Arrives);
    EXPECT_TRUE(whole.Run());
    return whole.frames();
  }();
  ASSERT_GT(frames, 20);
  for (int lost = 0; lost < frames; ++lost) {
    for (const int more : {0, 1}) {
      SCOPED_TRACE("frame " + std::to_string(lost) + " and " + std::to_string(more) + " more");
      ExpectTheSameEnd([&](int number, const std::set<std::string>&) {
        return number >= lost && number <= lost + more ? GetParam() : Fate::kArrives;
      });
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Contract, LostFrameAnywhere, testing::ValuesIn(kFates),
                         [](const auto& chosen) { return NameOf(chosen.param); });

}  // namespace
}  // namespace tutti
