#include "common/rpc/join.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/rpc/channel.h"
#include "coordinator/certificate.h"
#include "tests/support/result_matchers.h"
#include "tutti/v1/access.grpc.pb.h"

namespace tutti {
namespace {

// Answers what the test says, in its order, and OK at the end.
class RedeemService final : public v1::AccessService::Service {
 public:
  grpc::Status RedeemInvite(grpc::ServerContext*, const v1::RedeemInviteRequest* request,
                            v1::RedeemInviteResponse* response) override {
    asked.push_back(*request);
    if (answers.empty()) {
      response->set_role("reader");
      return grpc::Status::OK;
    }
    const grpc::Status answer = answers.front();
    answers.pop_front();
    return answer;
  }
  std::deque<grpc::Status> answers;
  std::vector<v1::RedeemInviteRequest> asked;
};

class JoinTest : public testing::Test {
 protected:
  JoinTest() {
    grpc::SslServerCredentialsOptions tls;
    tls.pem_key_cert_pairs = {{pair_.key_pem, pair_.certificate_pem}};
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    word_ = {"127.0.0.1:" + std::to_string(port_), *CertificateHash(pair_.certificate_pem),
             "secret", "reader"};
  }
  Result<Profile> Ask() { return Join(word_, {"anna", "", "own token"}, random_); }

  const CertificatePair pair_ =
      *MakeSelfSignedCertificate(kCertificateName, SystemClock().WallNow());
  SystemRandom random_;
  RedeemService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  InviteWord word_;
};

TEST_F(JoinTest, AfterALostReplyItAsksForTheSameToken) {
  const grpc::Status lost(grpc::StatusCode::UNAVAILABLE, "the reply was lost");
  service_.answers = {lost, lost};
  const auto profile = Ask();
  ASSERT_TRUE(IsOk(profile));
  EXPECT_EQ(profile->token, "own token");
  EXPECT_EQ(profile->role, "reader");
  EXPECT_EQ(profile->certificate, pair_.certificate_pem);
  ASSERT_EQ(service_.asked.size(), 3U);
  for (const v1::RedeemInviteRequest& request : service_.asked) {
    EXPECT_EQ(request.token_hash(), Sha256Hex("own token"));
    EXPECT_EQ(request.name(), "anna");
  }
}

TEST_F(JoinTest, ARefusalIsTheEnd) {
  service_.answers = {{grpc::StatusCode::UNAUTHENTICATED, "it was used"}};
  EXPECT_TRUE(FailsWith(Ask(), ErrorCode::kUnauthenticated, "it was used"));
  EXPECT_EQ(service_.asked.size(), 1U);
}

TEST_F(JoinTest, AnotherCertificateThanTheInvitesIsToldBeforeTheSecretIs) {
  word_.certificate_hash = Sha256Hex("another");
  EXPECT_TRUE(FailsWith(Ask(), ErrorCode::kUnauthenticated, "another certificate"));
  EXPECT_THAT(service_.asked, testing::IsEmpty());
}

}  // namespace
}  // namespace tutti
