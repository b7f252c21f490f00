#include "coordinator/rpc/convert.h"

#include <gtest/gtest.h>

#include "coordinator/rpc/limits.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

v1::WorkerFrame ValidFrame() {
  v1::WorkerFrame frame;
  frame.set_worker_id("w");
  frame.set_session(1);
  return frame;
}

v1::AttemptEvent& AddEvent(v1::WorkerFrame& frame) {
  v1::AttemptEvent& event = *frame.add_events();
  event.mutable_attempt()->set_job_id(7);
  event.mutable_attempt()->set_attempt(2);
  event.set_sequence(1);
  return event;
}

TEST(Convert, AFrameKeepsItsFields) {
  v1::WorkerFrame frame = ValidFrame();
  frame.set_free_slots(3);
  frame.mutable_hello()->set_name("box");
  frame.mutable_hello()->set_slots(4);
  frame.mutable_hello()->add_kinds(v1::JOB_KIND_TRAIN);
  frame.add_held()->set_job_id(5);
  frame.mutable_held(0)->set_attempt(1);
  AddEvent(frame).mutable_progress()->set_done(10);
  const auto converted = FromProto(frame);
  ASSERT_TRUE(IsOk(converted));
  EXPECT_EQ(converted->worker.value, "w");
  EXPECT_EQ(converted->free_slots, 3);
  EXPECT_EQ(converted->hello->kinds, std::vector{JobKind::kTrain});
  EXPECT_EQ(converted->held, (std::vector<AttemptKey>{{JobId{5}, 1}}));
  EXPECT_EQ(std::get<AttemptProgress>(converted->events[0].payload).done, 10);
}

TEST(Convert, AFrameWithoutWorkerIsRefused) {
  EXPECT_TRUE(FailsWith(FromProto(v1::WorkerFrame()), ErrorCode::kInvalidArgument, "worker_id"));
}

TEST(Convert, AnEventWithoutPayloadIsRefused) {
  v1::WorkerFrame frame = ValidFrame();
  AddEvent(frame);
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "no payload"));
}

TEST(Convert, AnUnknownFailureClassIsRefused) {
  v1::WorkerFrame frame = ValidFrame();
  AddEvent(frame).mutable_broke()->set_failure(static_cast<v1::FailureClass>(99));
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "broke.failure"));
}

TEST(Convert, AnArtifactMustBeNamedByAHash) {
  v1::WorkerFrame frame = ValidFrame();
  AddEvent(frame).mutable_finished()->add_artifacts()->set_blob_hash("../../etc/passwd");
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "not a SHA-256"));
}

TEST(Convert, TooManyEventsInAFrameAreRefused) {
  v1::WorkerFrame frame = ValidFrame();
  for (int i = 0; i <= kMaxEventsPerFrame; ++i) frame.add_events();
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "events: at most"));
}

TEST(Convert, AKindThatThisReleaseDoesNotKnowIsLeftOut) {
  v1::WorkerFrame frame = ValidFrame();
  frame.mutable_hello()->set_name("box");
  frame.mutable_hello()->set_slots(1);
  frame.mutable_hello()->add_kinds(static_cast<v1::JobKind>(42));
  const auto converted = FromProto(frame);
  ASSERT_TRUE(IsOk(converted));
  EXPECT_TRUE(converted->hello->kinds.empty());
}

}  // namespace
}  // namespace tutti
