#include "worker/trainer/slot_probe.h"

#include <map>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

// What a machine would do: steps a second by slots.
SlotChoice ChoiceOn(int cores, const std::map<int, double>& machine) {
  const auto choice =
      ChooseSlots(cores, [&](int slots) -> Result<double> { return machine.at(slots); });
  EXPECT_TRUE(IsOk(choice));
  return *choice;
}

TEST(SlotProbe, CoresThatAddUpHaveASlotEach) {
  const SlotChoice choice = ChoiceOn(8, {{8, 80}, {4, 42}});
  EXPECT_EQ(choice.slots, 8);
  EXPECT_EQ(choice.measured.size(), 2U) << "half was clearly worse: nothing more is measured";
}

TEST(SlotProbe, HyperThreadsThatBringNothingGetNone) {
  EXPECT_EQ(ChoiceOn(16, {{16, 101}, {8, 100}, {4, 55}}).slots, 8);
}

TEST(SlotProbe, AGroupThatMayUseTwoOfManyCoresHasTwoSlots) {
  EXPECT_EQ(ChoiceOn(64, {{64, 18}, {32, 19}, {16, 20}, {8, 20}, {4, 20}, {2, 20}, {1, 10}}).slots,
            2);
}

TEST(SlotProbe, OddNumbersAreHalvedUpwards) {
  const SlotChoice choice = ChoiceOn(3, {{3, 10}, {2, 10}, {1, 10}});
  EXPECT_EQ(choice.slots, 1);
  ASSERT_EQ(choice.measured.size(), 3U);
  EXPECT_EQ(choice.measured[1].slots, 2);
}

TEST(SlotProbe, OneCoreNeedsNoMeasurement) {
  EXPECT_EQ(ChoiceOn(1, {}).slots, 1);
}

TEST(SlotProbe, AMeasurementThatFailsIsTold) {
  const auto choice = ChooseSlots(
      2, [](int) -> Result<double> { return Error{ErrorCode::kResourceExhausted, "no memory"}; });
  EXPECT_TRUE(FailsWith(choice, ErrorCode::kResourceExhausted, "no memory"));
}

}  // namespace
}  // namespace tutti
