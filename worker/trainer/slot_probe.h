// How many one-thread trainings at a time a machine does best: more than its memory or its
// hyper-threads can serve only make each run slower and need more memory.
#pragma once

#include <functional>
#include <vector>

#include "common/clock.h"
#include "common/json.h"
#include "common/result.h"

namespace tutti {

// So many more steps a second are worth twice as many slots.
inline constexpr double kWorthwhileGain = 1.05;
// Of one measurement, after a first step; there is one for each halving.
inline constexpr std::chrono::milliseconds kSlotMeasurement{1'000};

struct MeasuredSlots {
  int slots = 0;
  double steps_per_second = 0;  // of all together
};

struct SlotChoice {
  int slots = 1;
  std::vector<MeasuredSlots> measured;  // in the order in which they were
};

// measure: steps a second of so many trainings side by side. Halves from `cores` as long as that
// costs less than kWorthwhileGain.
Result<SlotChoice> ChooseSlots(int cores, const std::function<Result<double>(int)>& measure);

// So many threads, each with a small convolutional model of its own on numbers drawn by chance.
Result<double> MeasureTrainings(int slots, const Clock& clock);

// {"slots","cores","libtorch","measured":[{"slots","steps_per_second"}]}
Json ToJson(const SlotChoice& choice, int cores);

}  // namespace tutti
