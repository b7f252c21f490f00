#include "worker/daemon/enrolment.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

using testing::Each;
using testing::SizeIs;

// Answers what the test says, in its order, and OK at the end.
class EnrolService final : public v1::WorkerService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const v1::EnrollRequest* request,
                                   v1::EnrollResponse* response) override {
    asked.push_back(*request);
    grpc::Status answer;
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    response->set_token(token);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(answer);
    return reactor;
  }

  std::deque<grpc::Status> answers;
  std::string token;  // of a coordinator that makes it itself
  std::vector<v1::EnrollRequest> asked;
};

class EnrolmentTest : public testing::Test {
 protected:
  EnrolmentTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::WorkerService::NewStub(server_->InProcessChannel({}));
  }
  // A worker that is started anew in the same folder.
  Result<std::string> Enrol() {
    auto folder = WorkerFolder::Open(files_, random_, dir_ / "worker");
    EXPECT_TRUE(IsOk(folder));
    Backoff backoff(random_, std::chrono::milliseconds(1), std::chrono::milliseconds(1));
    return OwnToken(*stub_, *folder, {"right to enrol", "box"}, random_, backoff,
                    [this](std::chrono::milliseconds) { return waited_; });
  }
  std::vector<std::string> AskedHashes() {
    std::vector<std::string> hashes;
    for (const v1::EnrollRequest& request : service_.asked) hashes.push_back(request.token_hash());
    return hashes;
  }

  TempDir dir_;
  PosixFileSystem files_;
  SystemRandom random_;
  Waited waited_ = Waited::kFully;
  EnrolService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
};

const grpc::Status kLost{grpc::StatusCode::UNAVAILABLE, "the reply was lost"};

TEST_F(EnrolmentTest, AfterALostReplyItAsksForTheSameToken) {
  service_.answers = {kLost, kLost};
  const auto token = Enrol();
  ASSERT_TRUE(IsOk(token));
  EXPECT_THAT(AskedHashes(), SizeIs(3));
  EXPECT_THAT(AskedHashes(), Each(Sha256Hex(*token)));
  EXPECT_EQ(*Enrol(), *token) << "known from now on";
  EXPECT_THAT(AskedHashes(), SizeIs(3));
}

TEST_F(EnrolmentTest, AWorkerThatEndsBeforeTheReplyAsksForTheSameTokenWhenItComesBack) {
  service_.answers = {kLost};
  waited_ = Waited::kInterrupted;
  EXPECT_TRUE(FailsWith(Enrol(), ErrorCode::kCancelled, "before the first connect"));
  const auto token = Enrol();
  ASSERT_TRUE(IsOk(token));
  EXPECT_THAT(AskedHashes(), SizeIs(2));
  EXPECT_THAT(AskedHashes(), Each(Sha256Hex(*token)));
}

TEST_F(EnrolmentTest, ATokenThatACoordinatorMakesItselfIsTaken) {
  service_.token = "made there";
  EXPECT_EQ(*Enrol(), "made there");
  EXPECT_EQ(*Enrol(), "made there");
  EXPECT_THAT(service_.asked, SizeIs(1));
}

TEST_F(EnrolmentTest, ARefusalIsTheEnd) {
  service_.answers = {{grpc::StatusCode::ALREADY_EXISTS, "has a token already; tutti revoke"}};
  EXPECT_TRUE(FailsWith(Enrol(), ErrorCode::kAlreadyExists, "enrolment: has a token already"));
  EXPECT_THAT(service_.asked, SizeIs(1));
}

}  // namespace
}  // namespace tutti
