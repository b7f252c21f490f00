#include "coordinator/rpc/convert.h"

#include <cmath>

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
  frame.mutable_hello()->add_devices("cuda:0");
  frame.mutable_hello()->add_data_roots("/data");
  frame.mutable_hello()->add_cached_blobs("hash");
  frame.add_held()->set_job_id(5);
  frame.mutable_held(0)->set_attempt(1);
  AddEvent(frame).mutable_progress()->set_done(10);
  const auto converted = FromProto(frame);
  ASSERT_TRUE(IsOk(converted));
  EXPECT_EQ(converted->worker.value, "w");
  EXPECT_EQ(converted->free_slots, 3);
  EXPECT_EQ(converted->hello->kinds, std::vector{JobKind::kTrain});
  EXPECT_EQ(converted->hello->devices, std::vector<std::string>{"cuda:0"});
  EXPECT_EQ(converted->hello->data_roots, std::vector<std::string>{"/data"});
  EXPECT_EQ(converted->hello->cached_blobs, std::vector<std::string>{"hash"});
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
  v1::Artifact& artifact = *AddEvent(frame).mutable_finished()->add_artifacts();
  artifact.set_name("best");
  artifact.set_blob_hash("../../etc/passwd");
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "not a SHA-256"));
}

TEST(Convert, TooManyEventsInAFrameAreRefused) {
  v1::WorkerFrame frame = ValidFrame();
  for (int i = 0; i <= kMaxEventsPerFrame; ++i) frame.add_events();
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "events: at most"));
}

TEST(Convert, AHelloWithTooMuchInItIsRefused) {
  v1::WorkerFrame valid = ValidFrame();
  valid.mutable_hello()->set_name("box");
  valid.mutable_hello()->set_slots(1);
  v1::WorkerFrame frame = valid;
  for (int i = 0; i <= kMaxDevicesPerWorker; ++i) frame.mutable_hello()->add_devices("cuda:0");
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "devices: at most"));
  frame = valid;
  for (int i = 0; i <= kMaxDataRootsPerWorker; ++i) frame.mutable_hello()->add_data_roots("/a");
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "data roots: at most"));
  frame = valid;
  for (int i = 0; i <= kMaxCachedBlobsTold; ++i) frame.mutable_hello()->add_cached_blobs("");
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "cached blobs: at most"));
}

TEST(Convert, TheDeviceOfAStartedAttemptIsKept) {
  v1::WorkerFrame frame = ValidFrame();
  AddEvent(frame).mutable_started()->set_device("cuda:1");
  const auto converted = FromProto(frame);
  ASSERT_TRUE(IsOk(converted));
  EXPECT_EQ(std::get<AttemptStarted>(converted->events[0].payload).device, "cuda:1");
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

TEST(Convert, ALogLineIsTakenUpToTheLimit) {
  v1::WorkerFrame frame = ValidFrame();
  v1::LogLines& log = *AddEvent(frame).mutable_log();
  log.set_first(1);
  log.add_lines(std::string(kMaxLogLineBytes, 'x'));
  EXPECT_TRUE(IsOk(FromProto(frame)));
  log.add_lines(std::string(kMaxLogLineBytes + 1, 'x'));
  EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, "at most 16384"));
}

TEST(Convert, ANameOfAnArtifactStaysBelowItsFolder) {
  const auto named = [](const std::string& name) {
    v1::WorkerFrame frame = ValidFrame();
    v1::Artifact& artifact = *AddEvent(frame).mutable_finished()->add_artifacts();
    artifact.set_name(name);
    artifact.set_blob_hash(std::string(64, 'a'));
    return FromProto(frame);
  };
  EXPECT_TRUE(IsOk(named("best")));
  EXPECT_TRUE(IsOk(named("plots/loss")));
  EXPECT_TRUE(IsOk(named(std::string(kMaxNameBytes, 'n'))));
  for (const std::string name : {"", "..", "../best", "/best", "a/../../best"}) {
    EXPECT_TRUE(FailsWith(named(name), ErrorCode::kInvalidArgument, "stays below its folder"));
  }
  EXPECT_TRUE(FailsWith(named(std::string(kMaxNameBytes + 1, 'n')), ErrorCode::kInvalidArgument,
                        "of 1 to 200 bytes"));
}

TEST(Convert, ImpossibleUseOfAMachineIsRefused) {
  const auto refused = [](const auto& change, const char* why) {
    v1::WorkerFrame frame = ValidFrame();
    v1::MachineUse& use = *frame.mutable_use();
    use.set_cpu_share(1);
    use.set_memory_total_bytes(5);
    use.add_gpus()->set_share(0.5);
    EXPECT_TRUE(IsOk(FromProto(frame)));
    change(use);
    EXPECT_TRUE(FailsWith(FromProto(frame), ErrorCode::kInvalidArgument, why));
  };
  refused([](v1::MachineUse& use) { use.set_cpu_share(1.5); }, "use: cpu_share: expected 0 to 1");
  refused([](v1::MachineUse& use) { use.set_cpu_share(std::nan("")); }, "cpu_share");
  refused([](v1::MachineUse& use) { use.set_memory_used_bytes(-1); }, "use: memory");
  refused([](v1::MachineUse& use) { use.mutable_gpus(0)->set_share(-0.1); }, "a GPU's share");
  refused([](v1::MachineUse& use) { use.mutable_gpus(0)->set_memory_total_bytes(-1); },
          "a GPU's memory");
  refused([](v1::MachineUse& use) { use.mutable_gpus(0)->set_model(std::string(201, 'x')); },
          "at most 200 bytes");
  refused(
      [](v1::MachineUse& use) {
        for (int i = 0; i < kMaxDevicesPerWorker; ++i) use.add_gpus();
      },
      "gpus");
}

}  // namespace
}  // namespace tutti
