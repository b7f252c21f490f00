// Every call of the contract, streams as well, on gRPC itself: refused without a token and with a
// wrong one, and to each role that is not said to make it. The methods are the contract's own, so
// that a new one is here by itself. The table is printed.
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/hash.h"
#include "common/rpc/channel.h"
#include "tests/system/security_table.h"
#include "tests/unit/coordinator/rpc/access_matrix.h"

namespace tutti {
namespace {

using google::protobuf::MethodDescriptor;
using grpc::StatusCode;

// A call by its name alone: an empty request, or a stream of none; ends with what it was answered.
class AnyCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  AnyCall(grpc::GenericStub& stub, const MethodDescriptor& method,
          std::unique_ptr<grpc::ClientContext> context)
      : context_(std::move(context)) {
    const std::string path = "/" + method.service()->full_name() + "/" + method.name();
    stub.PrepareBidiStreamingCall(context_.get(), path, {}, this);
    if (method.client_streaming()) {
      StartWritesDone();
    } else {
      StartWriteLast(&request_, {});
    }
    StartRead(&reply_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (ok) StartRead(&reply_);
  }
  void OnDone(const grpc::Status& status) override { ended_.set_value(status); }

  grpc::Status Wait() { return ended_.get_future().get(); }

 private:
  const std::unique_ptr<grpc::ClientContext> context_;
  const grpc::Slice nothing_;
  const grpc::ByteBuffer request_{&nothing_, 1};
  grpc::ByteBuffer reply_;
  std::promise<grpc::Status> ended_;
};

class SecurityCalls : public testing::Test {
 protected:
  StatusCode Ask(const MethodDescriptor& method, std::unique_ptr<grpc::ClientContext> context) {
    return AnyCall(stub_, method, std::move(context)).Wait().error_code();
  }
  // Empty: none.
  StatusCode Ask(const MethodDescriptor& method, const std::string& token) {
    return Ask(method, Caller::NewCall(token));
  }

  std::map<Role, std::string> TokenOfEachRole() {
    const std::string enrol = LoadProfile(files_, cluster_.profile("worker"))->token;
    std::string worker;
    EXPECT_TRUE(Caller(channel_, enrol).Enroll("a-worker", &worker).ok());
    EXPECT_TRUE(Caller(channel_, admin_.token).Invite("reader", "an invite").ok());
    return {{Role::kAdmin, admin_.token},
            {Role::kReader, LoadProfile(files_, cluster_.profile("reader"))->token},
            {Role::kEnrol, enrol},
            {Role::kWorker, worker},
            {Role::kInvited, "an invite"}};
  }

  PosixFileSystem files_;
  Cluster cluster_;
  const Profile admin_ = *LoadProfile(files_, cluster_.profile("admin"));
  const std::shared_ptr<grpc::Channel> channel_ = *OpenChannel(admin_);
  grpc::GenericStub stub_{channel_};
};

TEST_F(SecurityCalls, EachIsRefusedWithoutATokenAndWithAWrongOne) {
  const std::map<std::string, std::string> wrong{
      {"no token", ""},
      {"a guess", Sha256Hex("a guess")},
      {"a token's hash", Sha256Hex(admin_.token)},
      {"a token and more", admin_.token + "0"},
  };
  std::cout << "| call | with | answer |\n|---|---|---|\n";
  for (const MethodDescriptor* method : ContractMethods()) {
    for (const auto& [what, token] : wrong) {
      const StatusCode answer = Ask(*method, token);
      std::cout << "| " << NameOf(*method) << " | " << what << " | " << CodeName(answer) << " |\n";
      EXPECT_EQ(CodeName(answer), "UNAUTHENTICATED") << NameOf(*method) << " with " << what;
    }
    auto bare = Caller::NewCall("");
    bare->AddMetadata("authorization", admin_.token);  // not as a bearer
    EXPECT_EQ(CodeName(Ask(*method, std::move(bare))), "UNAUTHENTICATED") << NameOf(*method);
  }
}

// What the matrix says of a role is what the call itself answers: looked at before its content.
TEST_F(SecurityCalls, EachIsRefusedToEveryRoleThatIsNotSaidToMakeIt) {
  std::map<std::string, std::set<Role>> may;
  for (const MatrixRow& row : AccessMatrix()) may[row.method] = row.roles;
  const auto tokens = TokenOfEachRole();
  std::cout << "| call | role | answer to an empty request |\n|---|---|---|\n";
  for (const MethodDescriptor* method : ContractMethods()) {
    const std::string name = NameOf(*method);
    ASSERT_TRUE(may.contains(name)) << name << " has no row in access_matrix.cpp";
    for (const auto& [role, token] : tokens) {
      const StatusCode answer = Ask(*method, token);
      std::cout << "| " << name << " | " << Name(role) << " | " << CodeName(answer) << " |\n";
      EXPECT_EQ(answer != StatusCode::PERMISSION_DENIED, may[name].contains(role))
          << name << " by role " << Name(role) << ": " << CodeName(answer);
      EXPECT_NE(answer, StatusCode::UNAUTHENTICATED) << name << " by role " << Name(role);
      EXPECT_NE(answer, StatusCode::UNIMPLEMENTED) << name << ": nobody serves it";
      EXPECT_NE(answer, StatusCode::DEADLINE_EXCEEDED) << name << ": it was not answered";
    }
  }
}

}  // namespace
}  // namespace tutti
