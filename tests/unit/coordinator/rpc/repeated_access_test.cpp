// Tokens that are asked for twice, because the answer was lost or because somebody else asks: one
// token a worker and a call, and the same answer to the same question.
#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/rpc/session_protocol.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/coordinator/rpc/served_coordinator.h"

namespace tutti {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class RepeatedAccess : public testing::Test {
 protected:
  RepeatedAccess() { Start(); }
  void Start(const Changes& before = {}) {
    served_.reset();
    served_.emplace(folder_.path(), before);
  }

  grpc::Status Enroll(const std::string& worker, const std::string& token) {
    v1::WorkerService::Stub stub(served_->channel());
    v1::EnrollRequest request;
    request.set_worker_id(worker);
    request.set_name("name of " + worker);
    if (!token.empty()) request.set_token_hash(Sha256Hex(token));
    v1::EnrollResponse reply;
    const auto call = served_->NewCall(ServedCoordinator::kEnrolToken);
    const grpc::Status status = stub.Enroll(call.get(), request, &reply);
    EXPECT_EQ(reply.token().empty(), !token.empty() || !status.ok());
    return status;
  }
  void Invite(const std::string& secret, const std::string& role) {
    v1::AccessService::Stub stub(served_->channel());
    v1::CreateInviteRequest request;
    request.set_request_id("invite of " + secret);
    request.set_role(role);
    request.set_secret_hash(Sha256Hex(secret));
    request.set_ttl_ms(60'000);
    v1::CreateInviteResponse reply;
    const grpc::Status status = stub.CreateInvite(served_->NewCall().get(), request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_THAT(reply.name(), testing::StartsWith("invite-"));
  }
  struct Asked {
    std::string token;
    std::string name;
    std::string worker{};
  };
  grpc::Status Redeem(const std::string& secret, const Asked& asked) {
    v1::AccessService::Stub stub(served_->channel());
    v1::RedeemInviteRequest request;
    request.set_token_hash(Sha256Hex(asked.token));
    request.set_name(asked.name);
    request.set_worker_id(asked.worker);
    v1::RedeemInviteResponse reply;
    const grpc::Status status = stub.RedeemInvite(served_->NewCall(secret).get(), request, &reply);
    EXPECT_EQ(reply.role().empty(), !status.ok());
    return status;
  }
  grpc::Status Revoke(const std::string& name) {
    v1::AccessService::Stub stub(served_->channel());
    v1::RevokeRequest request;
    request.set_request_id("revoke " + name);
    request.set_name(name);
    v1::RevokeResponse reply;
    return stub.Revoke(served_->NewCall().get(), request, &reply);
  }
  // As a worker or a person with this token; what everybody may call.
  bool IsGood(const std::string& token) {
    v1::GetServerInfoResponse reply;
    const auto call = served_->NewCall(token);
    return served_->stub().GetServerInfo(call.get(), v1::GetServerInfoRequest(), &reply).ok();
  }
  int CountTokens(Role role) {
    const auto tokens = served_->Reader()->Tokens();
    EXPECT_TRUE(tokens.ok());
    return static_cast<int>(std::ranges::count(*tokens, role, &TokenRecord::role));
  }
  // From eight threads at once, each until it is answered with something else than UNAVAILABLE.
  static void Cross(const std::function<grpc::Status(int)>& call, int expected_ok) {
    std::atomic<int> well = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < 8; ++i) {
        callers.emplace_back([&, i] {
          grpc::Status status;
          do {
            status = call(i);
          } while (status.error_code() == StatusCode::UNAVAILABLE);
          well += status.ok() ? 1 : 0;
        });
      }
    }
    EXPECT_EQ(well, expected_ok);
  }

  TempDir folder_;
  std::optional<ServedCoordinator> served_;
};

TEST_F(RepeatedAccess, ALostReplyOfAnEnrolmentIsAskedForAgainWithOneToken) {
  const int before = CountTokens(Role::kWorker);
  EXPECT_TRUE(Enroll("w", "own").ok());
  EXPECT_TRUE(Enroll("w", "own").ok());
  Start();
  EXPECT_TRUE(Enroll("w", "own").ok());
  EXPECT_EQ(CountTokens(Role::kWorker), before + 1);
  EXPECT_TRUE(IsGood("own"));
}

TEST_F(RepeatedAccess, EnrolmentsThatCrossGiveOneToken) {
  const int before = CountTokens(Role::kWorker);
  Cross([&](int) { return Enroll("w", "own"); }, 8);
  Cross([&](int i) { return Enroll("other", "own " + std::to_string(i)); }, 1);
  EXPECT_EQ(CountTokens(Role::kWorker), before + 2);
}

TEST_F(RepeatedAccess, AWorkerThatHasATokenGetsNoOtherUntilItIsRevoked) {
  ASSERT_TRUE(Enroll("w", "own").ok());
  Invite("a word", "worker");
  for (const grpc::Status& refused :
       {Enroll("w", "another"), Enroll("w", ""), Redeem("a word", {"another", "thief", "w"})}) {
    EXPECT_EQ(refused.error_code(), StatusCode::ALREADY_EXISTS);
    EXPECT_THAT(refused.error_message(), HasSubstr("tutti revoke w"));
  }
  EXPECT_FALSE(IsGood("another"));
  EXPECT_TRUE(IsGood("own"));
  ASSERT_TRUE(Revoke("w").ok());
  EXPECT_FALSE(IsGood("own"));
  EXPECT_TRUE(Redeem("a word", {"another", "itself", "w"}).ok()) << "the invite was not spent";
  EXPECT_TRUE(IsGood("another"));
}

TEST_F(RepeatedAccess, ATokenThatSomebodyElseHasIsNotTaken) {
  ASSERT_TRUE(Enroll("w", "own").ok());
  EXPECT_EQ(Enroll("x", "own").error_code(), StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(Enroll("x", ServedCoordinator::kAdminToken).error_code(), StatusCode::ALREADY_EXISTS);
  EXPECT_TRUE(IsGood(ServedCoordinator::kAdminToken));
}

TEST_F(RepeatedAccess, ALostReplyOfARedemptionIsAskedForAgainByTheSameTokenAlone) {
  Invite("a word", "worker");
  EXPECT_TRUE(Redeem("a word", {"own", "gpu1", "w"}).ok());
  EXPECT_TRUE(Redeem("a word", {"own", "gpu1", "w"}).ok());
  Start();
  EXPECT_TRUE(Redeem("a word", {"own", "gpu1", "w"}).ok());
  const grpc::Status used = Redeem("a word", {"another", "gpu1", "w"});
  EXPECT_EQ(used.error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(used.error_message(), HasSubstr("it was used"));
  EXPECT_FALSE(IsGood("another"));
  EXPECT_TRUE(IsGood("own"));
}

TEST_F(RepeatedAccess, OfRedemptionsThatCrossOneWins) {
  Invite("a word", "reader");
  Cross([&](int i) { return Redeem("a word", {"own " + std::to_string(i), "anna"}); }, 1);
  Invite("another", "reader");
  Cross([&](int) { return Redeem("another", {"own", "anna"}); }, 8);
}

TEST_F(RepeatedAccess, ASecretThatIsInUseMakesNoSecondInvite) {
  Invite("a word", "reader");
  v1::AccessService::Stub stub(served_->channel());
  for (const char* secret : {"a word", ServedCoordinator::kReaderToken}) {
    v1::CreateInviteRequest request;
    request.set_request_id(std::string("another call for ") + secret);
    request.set_role("admin");
    request.set_secret_hash(Sha256Hex(secret));
    request.set_ttl_ms(60'000);
    v1::CreateInviteResponse reply;
    EXPECT_EQ(stub.CreateInvite(served_->NewCall().get(), request, &reply).error_code(),
              StatusCode::ALREADY_EXISTS);
  }
}

TEST_F(RepeatedAccess, NamesOfRolesAreTheCoordinatorsOwn) {
  Invite("a word", "admin");
  for (const char* name : {"admin", "reader", "worker"}) {
    const grpc::Status refused = Redeem("a word", {"own", name});
    EXPECT_EQ(refused.error_code(), StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_THAT(refused.error_message(), HasSubstr("--name"));
  }
  EXPECT_TRUE(Redeem("a word", {"own", "boss"}).ok());
  EXPECT_TRUE(Revoke("boss").ok());
}

TEST_F(RepeatedAccess, InvitesWhoseTimeIsLongOverGoWithTheNextOne) {
  TokenRecord old{Sha256Hex("old"), Role::kInvited, "invite-old", {}, UnixMillis{1}};
  old.grants = Role::kReader;
  old.expires_at = UnixMillis{2};
  TokenRecord fresh = old;
  fresh.token_hash = Sha256Hex("fresh");
  fresh.expires_at = SystemClock().WallNow();
  Start({PutToken{old}, PutToken{fresh}});
  EXPECT_EQ(CountTokens(Role::kInvited), 2);
  Invite("a word", "reader");
  EXPECT_EQ(CountTokens(Role::kInvited), 2) << "the one that is just over tells why for a day";
  EXPECT_THAT(Redeem("fresh", {"own", "anna"}).error_message(), HasSubstr("time is over"));
  EXPECT_THAT(Redeem("old", {"own", "anna"}).error_message(), HasSubstr("not known here"));
}

TEST_F(RepeatedAccess, ARevokedWorkersStreamsEndAtOnce) {
  ASSERT_TRUE(Enroll("w", "own").ok());
  v1::PredictService::Stub predict(served_->channel());
  const auto serve_call = served_->NewCall("own");
  const auto serving = predict.Serve(serve_call.get());
  v1::ServeFrame hello;
  hello.set_worker_id("w");
  ASSERT_TRUE(serving->Write(hello));
  v1::WorkerService::Stub workers(served_->channel());
  const auto session_call = served_->NewCall("own");
  const auto session = workers.Session(session_call.get());
  v1::WorkerFrame frame;
  frame.set_worker_id("w");
  frame.set_session(1);
  frame.mutable_hello()->set_name("gpu1");
  frame.mutable_hello()->set_slots(1);
  frame.mutable_hello()->set_cores(1);
  frame.mutable_hello()->set_protocol(kSessionProtocol);
  v1::CoordinatorFrame answer;
  ASSERT_TRUE(session->Write(frame) && session->Read(&answer));
  ASSERT_TRUE(Revoke("gpu1").ok()) << "by the name that it shows";
  v1::ServeRequest asked;
  EXPECT_FALSE(serving->Read(&asked));
  EXPECT_EQ(serving->Finish().error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_FALSE(session->Read(&answer));
  EXPECT_EQ(session->Finish().error_code(), StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace tutti
