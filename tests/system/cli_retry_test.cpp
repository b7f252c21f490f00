// A change whose connection breaks is asked for again by the command, as the same call.
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/support/program.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"
#include "tutti/v1/blob.grpc.pb.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {
namespace {

// Loses the first answers.
class ForgetfulService final : public v1::SweepService::Service {
 public:
  explicit ForgetfulService(int lost) : lost_(lost) {}

  grpc::Status ChangeSweep(grpc::ServerContext*, const v1::ChangeSweepRequest* request,
                           v1::ChangeSweepResponse* response) override {
    return Answer(request->request_id(), [&] { response->set_runs(3); });
  }
  grpc::Status DeleteDataset(grpc::ServerContext*, const v1::DeleteDatasetRequest* request,
                             v1::DeleteDatasetResponse*) override {
    return Answer(request->request_id(), [] {});
  }
  grpc::Status ChangeWorker(grpc::ServerContext*, const v1::ChangeWorkerRequest* request,
                            v1::ChangeWorkerResponse*) override {
    return Answer(request->request_id(), [] {});
  }
  grpc::Status CancelJob(grpc::ServerContext*, const v1::CancelJobRequest* request,
                         v1::CancelJobResponse*) override {
    return Answer(request->request_id(), [] {});
  }

  grpc::Status SubmitSweep(grpc::ServerContext*, const v1::SubmitSweepRequest* request,
                           v1::SubmitSweepResponse* response) override {
    return Answer(request->request_id(), [&] { response->set_sweep("tiny"); });
  }
  grpc::Status RegisterDataset(grpc::ServerContext*, const v1::RegisterDatasetRequest* request,
                               v1::RegisterDatasetResponse*) override {
    return Answer(request->request_id(), [] {});
  }

  std::vector<std::string> ids() {
    const std::lock_guard lock(mutex_);
    return ids_;
  }

 private:
  template <class Fill>
  grpc::Status Answer(const std::string& id, Fill fill) {
    const std::lock_guard lock(mutex_);
    ids_.push_back(id);
    if (static_cast<int>(ids_.size()) <= lost_) {
      return {grpc::StatusCode::UNAVAILABLE, "the connection broke"};
    }
    fill();
    return grpc::Status::OK;
  }

  const int lost_;
  std::mutex mutex_;
  std::vector<std::string> ids_;
};

// Has every blob.
class FullBlobService final : public v1::BlobService::Service {
 public:
  grpc::Status FindMissing(grpc::ServerContext*, const v1::FindMissingRequest*,
                           v1::FindMissingResponse*) override {
    return grpc::Status::OK;
  }
  grpc::Status Upload(grpc::ServerContext*, grpc::ServerReader<v1::UploadRequest>*,
                      v1::UploadResponse*) override {
    return grpc::Status::OK;
  }
};

class CliRetry : public testing::TestWithParam<std::vector<std::string>> {
 protected:
  std::string address() const { return "unix:" + (folder_ / "socket").string(); }
  std::unique_ptr<grpc::Server> Serve(ForgetfulService& service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    builder.RegisterService(&blobs_);
    return builder.BuildAndStart();
  }
  std::vector<std::string> Arguments(std::vector<std::string> command) {
    const auto profile = folder_ / "admin.json";
    WriteFile(
        profile,
        Json{{"address", address()}, {"certificate", ""}, {"token", "secret"}, {"role", "admin"}}
            .dump());
    std::filesystem::permissions(
        profile, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    for (std::string& word : command) {
      if (word == kSweepFile) word = SweepFile();
      if (word == kMusic) word = Music();
    }
    command.insert(command.end(), {"--profile", profile.string()});
    return command;
  }

  // Words that stand for files of the test's folder.
  static constexpr char kSweepFile[] = "SWEEP.yaml";
  static constexpr char kMusic[] = "MUSIC";

 private:
  std::string SweepFile() {
    WriteFile(folder_ / "sweep.yaml", TinySweepFile());
    return folder_ / "sweep.yaml";
  }
  std::string Music() {
    WriteTinyMusic(folder_ / "music", {.tracks_per_class = 1, .seconds = 0.1});
    return folder_ / "music";
  }

  TempDir folder_;
  FullBlobService blobs_;
};

TEST_P(CliRetry, AnAnswerThatGotLostIsAskedForUnderTheSameId) {
  ForgetfulService service(2);
  const auto server = Serve(service);
  const Outcome outcome = RunBinary("tutti", Arguments(GetParam()));
  EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  const auto ids = service.ids();
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_THAT(ids, testing::Each(ids[0]));
  EXPECT_EQ(ids[0].size(), 36U) << "a UUID";
  server->Shutdown();
}

INSTANTIATE_TEST_SUITE_P(All, CliRetry,
                         testing::Values(std::vector<std::string>{"pause", "mine"},
                                         std::vector<std::string>{"cancel", "7"},
                                         std::vector<std::string>{"drain", "gpu1"},
                                         std::vector<std::string>{"retry", "mine"},
                                         std::vector<std::string>{"submit", "SWEEP.yaml"},
                                         std::vector<std::string>{"dataset", "add", "tiny",
                                                                  "MUSIC"},
                                         std::vector<std::string>{"dataset", "delete", "tiny"}),
                         [](const auto& command) {
                           const auto& words = command.param;
                           return words[0] + (words[0] == "dataset" ? "_" + words[1] : "");
                         });

using CliRestart = CliRetry;

TEST_F(CliRestart, ACoordinatorThatIsStartedAnewIsWaitedForAndTwoCommandsHaveTwoIds) {
  ForgetfulService before(1'000'000);
  auto server = Serve(before);
  RunningBinary command("tutti", Arguments({"pause", "mine"}));
  ASSERT_TRUE(Eventually([&] { return !before.ids().empty(); }));
  server->Shutdown();
  server.reset();
  ForgetfulService after(0);
  server = Serve(after);
  const Outcome outcome = command.Finish();
  EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  ASSERT_EQ(after.ids().size(), 1U);
  EXPECT_EQ(after.ids()[0], before.ids()[0]);
  EXPECT_EQ(RunBinary("tutti", Arguments({"pause", "mine"})).code(), 0);
  EXPECT_NE(after.ids()[1], after.ids()[0]);
  server->Shutdown();
}

}  // namespace
}  // namespace tutti
