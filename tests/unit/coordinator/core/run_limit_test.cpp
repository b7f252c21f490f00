// The largest grid there may be, in a program of its own: it has two million keys in memory.
#include <gtest/gtest.h>

#include "coordinator/core/sweep_spec.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

TEST(RunLimit, AGridIsTakenUpToTheLimitAndRefusedBeyond) {
  constexpr std::int64_t kRows = 2'000;
  static_assert(kMaxRunsPerSweep % kRows == 0);
  SweepSpec spec;
  spec.name = "large";
  spec.options = Json::object();
  spec.axes = {{"x", {}}, {"y", {}}};
  for (std::int64_t i = 0; i < kMaxRunsPerSweep / kRows; ++i) spec.axes[0].values.push_back(i);
  for (std::int64_t i = 0; i < kRows; ++i) spec.axes[1].values.push_back(i);
  std::int64_t runs = 0;
  const auto count = [&runs](const Json&, const std::string&) -> Status {
    ++runs;
    return {};
  };
  EXPECT_TRUE(IsOk(ForEachRun(spec, "version", count)));
  EXPECT_EQ(runs, kMaxRunsPerSweep);

  runs = 0;
  spec.include = {Json{{"x", -1}, {"y", 0}}};
  EXPECT_TRUE(FailsWith(ForEachRun(spec, "version", count), ErrorCode::kInvalidArgument,
                        "sweep large: more than 2000000 runs"));
  EXPECT_EQ(runs, kMaxRunsPerSweep) << "nothing is taken beyond it";
}

}  // namespace
}  // namespace tutti
