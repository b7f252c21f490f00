// What workers' machines are used to, from a worker to whoever asks: `tutti workers`, its JSON, the
// pages' data and Prometheus.
#include <csignal>
#include <httplib.h>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "common/rpc/session_protocol.h"
#include "tests/support/cluster.h"
#include "tests/support/result_matchers.h"
#include "tutti/v1/worker.grpc.pb.h"

namespace tutti {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kGibibyte = 1 << 30;

class MachineUseTold : public testing::Test {
 protected:
  Json UseOf(const std::string& name) {
    for (const Json& worker : cluster_.TuttiJson({"workers"})) {
      if (worker["name"] == name) return worker["use"];
    }
    return nullptr;
  }
  std::string Get(const std::string& path) {
    const Profile reader = *LoadProfile(files_, cluster_.profile("reader"));
    httplib::Client client(cluster_.ready()["http"].get<std::string>());
    const auto reply = client.Get(path, {{"Authorization", "Bearer " + reader.token}});
    EXPECT_TRUE(reply) << path;
    return reply ? reply->body : "";
  }

  PosixFileSystem files_;
  Cluster cluster_{{"--http", "127.0.0.1:0"}};
};

TEST_F(MachineUseTold, ByARunningWorkerAndNotOfOneThatIsAway) {
  RunningBinary& worker = cluster_.StartWorker("one");
  ASSERT_TRUE(Eventually([&] { return !UseOf("one").is_null(); }));
  const Json use = UseOf("one");
  EXPECT_GE(use["cpu_share"].get<double>(), 0) << use;
  EXPECT_LE(use["cpu_share"].get<double>(), 1) << use;
  EXPECT_GT(use["memory_used_bytes"].get<std::int64_t>(), 1 << 20) << use;
  EXPECT_GT(use["memory_total_bytes"], use["memory_used_bytes"]) << use;
  EXPECT_TRUE(use["gpus"].is_array());
  EXPECT_THAT(cluster_.Tutti({"workers"}).out, testing::ContainsRegex("[0-9]+ % .*/.* GiB"));
  worker.Signal(SIGKILL);
  EXPECT_TRUE(Eventually([&] { return UseOf("one").is_null(); }));
}

// A worker of another make, with a GPU.
class GpuWorker {
 public:
  explicit GpuWorker(const Profile& enrolment) : channel_(*OpenChannel(enrolment)) {
    stub_ = v1::WorkerService::NewStub(channel_);
    v1::EnrollRequest request;
    request.set_worker_id("a-gpu-worker");
    request.set_name("gpu");
    v1::EnrollResponse reply;
    grpc::ClientContext call;
    Authorize(call, enrolment.token);
    EXPECT_TRUE(stub_->Enroll(&call, request, &reply).ok());
    Authorize(context_, reply.token());
    stream_ = stub_->Session(&context_);
  }
  ~GpuWorker() {
    context_.TryCancel();
    stream_->Finish();
  }
  void Say() {
    v1::WorkerFrame frame;
    frame.set_worker_id("a-gpu-worker");
    frame.set_session(1);
    frame.mutable_hello()->set_name("gpu");
    frame.mutable_hello()->set_slots(1);
    frame.mutable_hello()->set_protocol(kSessionProtocol);
    frame.mutable_hello()->add_devices("cuda:0");
    v1::MachineUse& use = *frame.mutable_use();
    use.set_cpu_share(0.25);
    use.set_memory_used_bytes(kGibibyte);
    use.set_memory_total_bytes(4 * kGibibyte);
    v1::MachineUse::Gpu& gpu = *use.add_gpus();
    gpu.set_device("cuda:0");
    gpu.set_share(0.875);
    gpu.set_memory_used_bytes(10 * kGibibyte);
    gpu.set_memory_total_bytes(80 * kGibibyte);
    gpu.set_model("NVIDIA H100");
    EXPECT_TRUE(stream_->Write(frame));
    v1::CoordinatorFrame answer;
    EXPECT_TRUE(stream_->Read(&answer));
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::WorkerFrame, v1::CoordinatorFrame>> stream_;
};

TEST_F(MachineUseTold, OfAGpuInTheTableThePagesDataAndPrometheus) {
  const Profile enrolment = *LoadProfile(files_, cluster_.profile("worker"));
  GpuWorker worker(enrolment);
  worker.Say();
  const Json gpus = UseOf("gpu")["gpus"];
  ASSERT_EQ(gpus.size(), 1U) << gpus;
  EXPECT_EQ(gpus[0]["device"], "cuda:0");
  EXPECT_EQ(gpus[0]["share"], 0.875);
  EXPECT_EQ(gpus[0]["memory_used_bytes"], 10 * kGibibyte);
  EXPECT_EQ(gpus[0]["memory_total_bytes"], 80 * kGibibyte);
  EXPECT_EQ(gpus[0]["model"], "NVIDIA H100");
  EXPECT_THAT(cluster_.Tutti({"workers"}).out, HasSubstr("cuda:0 88 % 10.0/80.0 GiB"));
  EXPECT_EQ(Json::parse(Get("/api/v1/workers"))["workers"][0]["use"]["cpu_share"], 0.25);
  const std::string metrics = Get("/metrics");
  const std::string labels = "worker=\"gpu\",worker_id=\"a-gpu-worker\"} ";
  EXPECT_THAT(metrics, HasSubstr("tutti_worker_cpu_share{" + labels + "0.25"));
  EXPECT_THAT(metrics, HasSubstr("tutti_worker_memory_bytes{kind=\"used\"," + labels));
  EXPECT_THAT(metrics, HasSubstr("tutti_gpu_share{gpu=\"cuda:0\"," + labels + "0.875"));
  EXPECT_THAT(metrics, HasSubstr("tutti_gpu_memory_bytes{gpu=\"cuda:0\",kind=\"total\"," + labels));
}

}  // namespace
}  // namespace tutti
