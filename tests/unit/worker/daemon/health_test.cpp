#include "worker/daemon/health.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

class HealthTest : public testing::Test {
 protected:
  HealthTest() : beat_(std::make_unique<HealthBeat>(*loop_, clock_, file_)) {}
  Status Check(HealthWanted wanted, std::chrono::milliseconds later = {}) {
    return CheckHealth(file_, wanted, UnixMillis{ToInt(clock_.WallNow()) + later.count()});
  }

  TempDir dir_;
  const std::filesystem::path file_ = dir_ / kHealthFile;
  SystemClock clock_;
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create(clock_);
  std::unique_ptr<HealthBeat> beat_;
};

TEST_F(HealthTest, WithoutADaemonItSaysWhatToStart) {
  EXPECT_TRUE(FailsWith(Check(HealthWanted::kAlive), ErrorCode::kUnavailable,
                        "start one with --dir " + dir_.path().string()));
}

TEST_F(HealthTest, ADaemonLivesBeforeItHasASession) {
  beat_->Beat(false);
  EXPECT_TRUE(IsOk(Check(HealthWanted::kAlive)));
  EXPECT_TRUE(
      FailsWith(Check(HealthWanted::kConnected), ErrorCode::kUnavailable, "has no session"));
  beat_->Start([] { return true; });
  EXPECT_TRUE(IsOk(Check(HealthWanted::kConnected)));
}

TEST_F(HealthTest, ASignOfLifeThatIsTooOldIsNone) {
  beat_->Beat(true);
  EXPECT_TRUE(IsOk(Check(HealthWanted::kConnected, kHealthLimit - kHealthBeat)));
  EXPECT_TRUE(FailsWith(Check(HealthWanted::kAlive, kHealthLimit + kHealthBeat),
                        ErrorCode::kUnavailable, "hangs or was killed"));
}

TEST_F(HealthTest, ADaemonThatEndsTakesItsSignOfLifeAway) {
  beat_->Start([] { return true; });
  beat_.reset();
  EXPECT_FALSE(std::filesystem::exists(file_));
}

}  // namespace
}  // namespace tutti
