// What Prometheus is told, over a coordinator's services in this process.
#include "coordinator/http/metrics.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/manifest.h"
#include "common/rpc/session_protocol.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/coordinator/rpc/served_coordinator.h"

namespace tutti {
namespace {

using testing::HasSubstr;

constexpr char kCommand[] = "name: mine\nrunner: {command: [\"true\"]}\ngrid: {seed: [1, 2]}\n";
constexpr char kTraining[] =
    "name: theirs\ndataset: music\nmodel: cnn\nslice_seconds: 1\ngrid: {seed: [1, 2, 3]}\n";

// With three slots for programs and a GPU.
class GpuWorker {
 public:
  explicit GpuWorker(ServedCoordinator& served) {
    v1::WorkerService::Stub stub(served.channel());
    v1::EnrollRequest request;
    request.set_worker_id("w");
    request.set_name("gpu1");
    v1::EnrollResponse reply;
    const auto enrolment = served.NewCall(ServedCoordinator::kEnrolToken);
    EXPECT_TRUE(stub.Enroll(enrolment.get(), request, &reply).ok());
    call_ = served.NewCall(reply.token());
    call_->set_deadline(
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(30, GPR_TIMESPAN)));
    stream_ = stub.Session(call_.get());
    v1::WorkerFrame frame = NewFrame();
    v1::WorkerHello& hello = *frame.mutable_hello();
    hello.set_name("gpu1");
    hello.set_slots(3);
    hello.set_cores(4);
    hello.set_protocol(kSessionProtocol);
    hello.add_kinds(v1::JOB_KIND_COMMAND);
    hello.add_devices("cuda:0");
    EXPECT_TRUE(stream_->Write(frame));
  }
  ~GpuWorker() {
    call_->TryCancel();
    stream_->Finish();
  }

  // Waits until it holds so many.
  void TakeLeases(std::size_t leases) {
    for (v1::CoordinatorFrame answer; held_.size() < leases && stream_->Read(&answer);) {
      for (const v1::Lease& lease : answer.leases()) held_.push_back(lease.attempt());
    }
    EXPECT_EQ(held_.size(), leases);
  }
  // The first of them begins on the GPU; waits until that is acknowledged.
  void StartOne() {
    v1::WorkerFrame frame = NewFrame();
    frame.mutable_held()->Add(held_.begin(), held_.end());
    v1::AttemptEvent& event = *frame.add_events();
    *event.mutable_attempt() = held_.at(0);
    event.set_sequence(1);
    event.mutable_started()->set_device("cuda:0");
    EXPECT_TRUE(stream_->Write(frame));
    v1::CoordinatorFrame answer;
    while (stream_->Read(&answer)) {
      if (answer.acked_size() > 0) return;
    }
    ADD_FAILURE() << "the stream ended";
  }

 private:
  v1::WorkerFrame NewFrame() const {
    v1::WorkerFrame frame;
    frame.set_worker_id("w");
    frame.set_session(1);
    frame.set_free_slots(3 - static_cast<std::int32_t>(held_.size()));
    return frame;
  }

  std::vector<v1::Attempt> held_;
  std::unique_ptr<grpc::ClientContext> call_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkerFrame, v1::CoordinatorFrame>> stream_;
};

class MetricsTest : public testing::Test {
 protected:
  std::string Text() {
    const auto text = metrics_.Text(gateway_, ServedCoordinator::kReaderToken);
    EXPECT_TRUE(IsOk(text));
    return text.ok() ? *text : "";
  }
  // Of two shards; in place, so that its files need not be here.
  void RegisterMusic() {
    Manifest manifest = MakeManifest(60, {"blues", "jazz", "rock"});
    manifest.in_place_root = "/data/music";
    v1::RegisterDatasetRequest request;
    request.set_request_id("music");
    request.set_name("music");
    request.set_version(coordinator_.PutBlob(DumpManifest(manifest)));
    v1::RegisterDatasetResponse reply;
    const grpc::Status status =
        coordinator_.stub().RegisterDataset(coordinator_.NewCall().get(), request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  void Change(const std::string& sweep, const std::string& id,
              const std::function<void(v1::ChangeSweepRequest&)>& fill) {
    v1::ChangeSweepRequest request;
    request.set_request_id(id);
    request.set_sweep(sweep);
    fill(request);
    v1::ChangeSweepResponse reply;
    const grpc::Status status =
        coordinator_.stub().ChangeSweep(coordinator_.NewCall().get(), request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  TempDir folder_;
  ServedCoordinator coordinator_{folder_.path()};
  Gateway gateway_{coordinator_.channel()};
  Metrics metrics_;
};

TEST_F(MetricsTest, WhereNothingIsAllSeriesThatAreAlwaysThereAreZero) {
  const std::string text = Text();
  for (const char* line :
       {"tutti_jobs{state=\"ready\"} 0\n", "tutti_open_jobs 0\n",
        "tutti_workers{state=\"connected\"} 0\n", "tutti_slots{state=\"busy\"} 0\n",
        "tutti_slots{state=\"free\"} 0\n", "tutti_lease_seconds_count 0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, testing::Not(HasSubstr("tutti_gpu_attempts{")));
}

TEST_F(MetricsTest, ALeaseThatIsSentIsCountedWithItsTime) {
  metrics_.OnLeaseSent(std::chrono::milliseconds(3));
  metrics_.OnLeaseSent(std::chrono::milliseconds(30));
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("tutti_lease_seconds_count 2\n"));
  EXPECT_THAT(text, HasSubstr("tutti_lease_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tutti_lease_seconds_bucket{le=\"0.05\"} 2\n"));
}

TEST_F(MetricsTest, SlotsAndGpusAreThoseOfWorkersAndTheirAttempts) {
  coordinator_.Submit(kCommand);
  GpuWorker worker(coordinator_);
  worker.TakeLeases(2);
  worker.StartOne();
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("tutti_slots{state=\"busy\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("tutti_slots{state=\"free\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tutti_gpu_attempts{gpu=\"cuda:0\",worker=\"gpu1\","
                              "worker_id=\"w\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tutti_jobs{state=\"leased\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tutti_jobs{state=\"running\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tutti_open_jobs 2\n")) << "also when none of them waits";
}

TEST_F(MetricsTest, OpenJobsAreThoseOfEveryKindAndOfActiveSweepsAlone) {
  RegisterMusic();
  coordinator_.Submit(kTraining);
  std::string text = Text();
  EXPECT_THAT(text, HasSubstr("tutti_jobs{state=\"blocked\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("tutti_sweeps{state=\"active\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tutti_open_jobs 2\n")) << "its features; the runs wait for them";
  Change("theirs", "1", [](v1::ChangeSweepRequest& request) { request.mutable_pause(); });
  text = Text();
  EXPECT_THAT(text, HasSubstr("tutti_sweeps{state=\"paused\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tutti_open_jobs 0\n")) << "nobody takes them";
  Change("theirs", "2", [](v1::ChangeSweepRequest& request) { request.mutable_resume(); });
  EXPECT_THAT(Text(), HasSubstr("tutti_open_jobs 2\n"));
  Change("theirs", "3", [](v1::ChangeSweepRequest& request) { request.mutable_cancel(); });
  EXPECT_THAT(Text(), HasSubstr("tutti_open_jobs 0\n")) << "active, and all in it has ended";
}

}  // namespace
}  // namespace tutti
