// A change whose connection breaks is asked for again by the command, as the same call.
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/rpc/channel.h"
#include "coordinator/certificate.h"
#include "tests/support/program.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"
#include "tutti/v1/access.grpc.pb.h"
#include "tutti/v1/blob.grpc.pb.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {
namespace {

// What was asked, and which answers get lost: the first ones.
class LostAnswers {
 public:
  explicit LostAnswers(int lost) : lost_(lost) {}

  template <class Request, class Fill>
  grpc::Status Answer(const Request& request, Fill fill) {
    const std::lock_guard lock(mutex_);
    ids_.push_back(request.request_id());
    requests_.push_back(request.SerializeAsString());
    if (static_cast<int>(ids_.size()) <= lost_) {
      return {grpc::StatusCode::UNAVAILABLE, "the connection broke"};
    }
    fill();
    return grpc::Status::OK;
  }

  std::vector<std::string> ids() {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  const int lost_;
  std::mutex mutex_;
  std::vector<std::string> ids_;
  std::vector<std::string> requests_;  // whole
};

class ForgetfulSweeps final : public v1::SweepService::Service {
 public:
  explicit ForgetfulSweeps(LostAnswers& answers) : answers_(answers) {}

  grpc::Status ChangeSweep(grpc::ServerContext*, const v1::ChangeSweepRequest* request,
                           v1::ChangeSweepResponse* response) override {
    return answers_.Answer(*request, [&] { response->set_runs(3); });
  }
  grpc::Status DeleteDataset(grpc::ServerContext*, const v1::DeleteDatasetRequest* request,
                             v1::DeleteDatasetResponse*) override {
    return answers_.Answer(*request, [] {});
  }
  grpc::Status ChangeWorker(grpc::ServerContext*, const v1::ChangeWorkerRequest* request,
                            v1::ChangeWorkerResponse*) override {
    return answers_.Answer(*request, [] {});
  }
  grpc::Status CancelJob(grpc::ServerContext*, const v1::CancelJobRequest* request,
                         v1::CancelJobResponse*) override {
    return answers_.Answer(*request, [] {});
  }
  grpc::Status SubmitSweep(grpc::ServerContext*, const v1::SubmitSweepRequest* request,
                           v1::SubmitSweepResponse* response) override {
    return answers_.Answer(*request, [&] { response->set_sweep("tiny"); });
  }
  grpc::Status RegisterDataset(grpc::ServerContext*, const v1::RegisterDatasetRequest* request,
                               v1::RegisterDatasetResponse*) override {
    return answers_.Answer(*request, [] {});
  }

 private:
  LostAnswers& answers_;
};

class ForgetfulAccess final : public v1::AccessService::Service {
 public:
  explicit ForgetfulAccess(LostAnswers& answers) : answers_(answers) {}

  grpc::Status CreateInvite(grpc::ServerContext*, const v1::CreateInviteRequest* request,
                            v1::CreateInviteResponse* response) override {
    return answers_.Answer(*request, [&] { response->set_name("invite-1"); });
  }
  grpc::Status Revoke(grpc::ServerContext*, const v1::RevokeRequest* request,
                      v1::RevokeResponse* response) override {
    return answers_.Answer(*request, [&] { response->set_tokens(1); });
  }

 private:
  LostAnswers& answers_;
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

// A coordinator that loses its first answers.
class Forgetful {
 public:
  Forgetful(const std::string& address, int lost) : answers_(lost) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    for (grpc::Service* service :
         std::initializer_list<grpc::Service*>{&sweeps_, &access_, &blobs_}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
  }
  ~Forgetful() { server_->Shutdown(); }
  Forgetful(const Forgetful&) = delete;
  Forgetful& operator=(const Forgetful&) = delete;

  std::vector<std::string> ids() { return answers_.ids(); }
  std::vector<std::string> requests() { return answers_.requests(); }

 private:
  LostAnswers answers_;
  ForgetfulSweeps sweeps_{answers_};
  ForgetfulAccess access_{answers_};
  FullBlobService blobs_;
  std::unique_ptr<grpc::Server> server_;
};

class CliRetry : public testing::TestWithParam<std::vector<std::string>> {
 protected:
  std::string address() const { return "unix:" + (folder_ / "socket").string(); }
  std::vector<std::string> Arguments(std::vector<std::string> command) {
    const auto profile = folder_ / "admin.json";
    // A word of tutti invite names the certificate; the socket needs none.
    const auto pair = MakeSelfSignedCertificate(kCertificateName, SystemClock().WallNow());
    WriteFile(profile, Json{{"address", address()},
                            {"certificate", pair->certificate_pem},
                            {"token", "secret"},
                            {"role", "admin"}}
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
};

TEST_P(CliRetry, AnAnswerThatGotLostIsAskedForUnderTheSameId) {
  Forgetful coordinator(address(), 2);
  const Outcome outcome = RunBinary("tutti", Arguments(GetParam()));
  EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  const auto ids = coordinator.ids();
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_THAT(ids, testing::Each(ids[0]));
  EXPECT_EQ(ids[0].size(), 36U) << "a UUID";
  EXPECT_THAT(coordinator.requests(), testing::Each(coordinator.requests()[0]))
      << "all of it, a secret's hash included";
}

INSTANTIATE_TEST_SUITE_P(All, CliRetry,
                         testing::Values(std::vector<std::string>{"pause", "mine"},
                                         std::vector<std::string>{"cancel", "7"},
                                         std::vector<std::string>{"drain", "gpu1"},
                                         std::vector<std::string>{"retry", "mine"},
                                         std::vector<std::string>{"invite", "worker"},
                                         std::vector<std::string>{"revoke", "gpu1"},
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
  auto before = std::make_unique<Forgetful>(address(), 1'000'000);
  RunningBinary command("tutti", Arguments({"pause", "mine"}));
  ASSERT_TRUE(Eventually([&] { return !before->ids().empty(); }));
  const std::string id = before->ids()[0];
  before.reset();
  Forgetful after(address(), 0);
  const Outcome outcome = command.Finish();
  EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  ASSERT_EQ(after.ids().size(), 1U);
  EXPECT_EQ(after.ids()[0], id);
  EXPECT_EQ(RunBinary("tutti", Arguments({"pause", "mine"})).code(), 0);
  EXPECT_NE(after.ids()[1], after.ids()[0]);
}

}  // namespace
}  // namespace tutti
