#include "coordinator/slurm/bounded_run.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

class BoundedRunTest : public testing::Test {
 protected:
  Result<std::string> Shell(const std::string& script, std::chrono::milliseconds limit,
                            std::function<bool()> is_stopping = {}) {
    BoundedRun run;
    run.command = {"sh", "-c", script};
    run.input = "given";
    run.limit = limit;
    run.is_stopping = std::move(is_stopping);
    return RunBounded(run, clock_);
  }
  static constexpr std::chrono::milliseconds kLong{60'000};
  const SystemClock clock_;
};

TEST_F(BoundedRunTest, GivesWhatTheProgramSaysOfWhatItIsGiven) {
  const auto said = Shell("read -r word || :; echo \"got $word\"", kLong);
  ASSERT_TRUE(IsOk(said));
  EXPECT_EQ(*said, "got given\n");
}

TEST_F(BoundedRunTest, AFailureHoldsWhatTheProgramComplainedOf) {
  EXPECT_TRUE(FailsWith(Shell("echo no partition >&2; exit 3", kLong), ErrorCode::kUnavailable,
                        "exit code 3: no partition"));
  BoundedRun absent;
  absent.command = {"tutti-no-such-program"};
  EXPECT_TRUE(
      FailsWith(RunBounded(absent, clock_), ErrorCode::kUnavailable, "tutti-no-such-program"));
}

TEST_F(BoundedRunTest, AProgramThatHangsIsKilledAndSaysSo) {
  EXPECT_TRUE(FailsWith(Shell("sleep 1000", std::chrono::milliseconds(200)),
                        ErrorCode::kDeadlineExceeded, "no end after 0.2s"));
  // Its output stays open in a child of its own.
  EXPECT_TRUE(FailsWith(Shell("sleep 1000 & exit 0", std::chrono::milliseconds(200)),
                        ErrorCode::kDeadlineExceeded, "killed"));
}

TEST_F(BoundedRunTest, WhoIsStoppingWaitsForNothing) {
  EXPECT_TRUE(
      FailsWith(Shell("sleep 1000", kLong, [] { return true; }), ErrorCode::kCancelled, "ended"));
}

}  // namespace
}  // namespace tutti
