// How much a frame of a worker may hold: each bound is taken, and one more is refused.
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/limits.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

constexpr std::size_t kHashDigits = 64;

// fill: so many of something, into a frame that is well without.
void ExpectLimit(int limit, const std::string& why,
                 const std::function<void(v1::WorkerFrame&, int)>& fill) {
  const auto with = [&](int many) {
    v1::WorkerFrame frame;
    frame.set_worker_id("w");
    frame.set_session(1);
    fill(frame, many);
    return FromProto(frame);
  };
  EXPECT_TRUE(IsOk(with(limit))) << why;
  EXPECT_TRUE(FailsWith(with(limit + 1), ErrorCode::kInvalidArgument, why));
}

v1::AttemptEvent& AddEvent(v1::WorkerFrame& frame) {
  v1::AttemptEvent& event = *frame.add_events();
  event.mutable_attempt()->set_job_id(7);
  event.mutable_attempt()->set_attempt(1);
  event.set_sequence(1);
  return event;
}

TEST(FrameLimits, AWorkerHasAtMostSoManySlots) {
  ExpectLimit(kMaxSlotsPerWorker, "slots: expected 1 to 4096", [](auto& frame, int slots) {
    frame.mutable_hello()->set_name("box");
    frame.mutable_hello()->set_slots(slots);
  });
}

TEST(FrameLimits, AWorkerHoldsAtMostSoManyAttempts) {
  ExpectLimit(kMaxHeldAttempts, "held: at most", [](auto& frame, int many) {
    for (int i = 1; i <= many; ++i) {
      v1::Attempt& held = *frame.add_held();
      held.set_job_id(i);
      held.set_attempt(1);
    }
  });
}

TEST(FrameLimits, AResultHasAtMostSoManyNamedValuesOfAKind) {
  ExpectLimit(kMaxNamedValues, "metrics: at most", [](auto& frame, int many) {
    auto& metrics = *AddEvent(frame).mutable_finished()->mutable_metrics();
    for (int i = 0; i < many; ++i) metrics["m" + std::to_string(i)] = 1;
  });
  ExpectLimit(kMaxNamedValues, "timings: at most", [](auto& frame, int many) {
    auto& timings = *AddEvent(frame).mutable_finished()->mutable_timings_seconds();
    for (int i = 0; i < many; ++i) timings["t" + std::to_string(i)] = 1;
  });
  ExpectLimit(kMaxNamedValues, "environment: at most", [](auto& frame, int many) {
    auto& environment = *AddEvent(frame).mutable_finished()->mutable_environment();
    for (int i = 0; i < many; ++i) environment["e" + std::to_string(i)] = "x";
  });
}

TEST(FrameLimits, AResultHasAtMostSoManyArtifacts) {
  ExpectLimit(kMaxArtifacts, "artifacts: at most", [](auto& frame, int many) {
    v1::Finished& finished = *AddEvent(frame).mutable_finished();
    for (int i = 0; i < many; ++i) {
      v1::Artifact& artifact = *finished.add_artifacts();
      artifact.set_name("a" + std::to_string(i));
      artifact.set_blob_hash(std::string(kHashDigits, 'a'));
    }
  });
}

TEST(FrameLimits, AFailureTellsAtMostSoManyLastLines) {
  ExpectLimit(kMaxLogTailLines, "log_tail: at most", [](auto& frame, int many) {
    v1::Broke& broke = *AddEvent(frame).mutable_broke();
    broke.set_failure(v1::FAILURE_CLASS_CRASHED);
    for (int i = 0; i < many; ++i) broke.add_log_tail("x");
  });
}

TEST(FrameLimits, ALogEventHasAtMostSoManyLines) {
  ExpectLimit(kMaxLinesPerLogEvent, "log: expected 1 to 1200000 lines", [](auto& frame, int many) {
    v1::LogLines& log = *AddEvent(frame).mutable_log();
    log.set_first(1);
    for (int i = 0; i < many; ++i) log.add_lines();
  });
}

}  // namespace
}  // namespace tutti
