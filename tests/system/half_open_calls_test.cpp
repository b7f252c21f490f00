// Every call of the contract that is no stream, on a connection that stood and whose other side has
// vanished without a word: it ends in an error in bounded time, and made again it is answered as on
// a whole one. The methods are the contract's own, so that a new one is here by itself.
#include <map>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "tests/support/cluster.h"
#include "tests/support/cutting_proxy.h"
#include "tests/system/contract_calls.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {
namespace {

using Swallow = CuttingProxy::Swallow;
using std::chrono::seconds;
using testing::Each;
using testing::Pair;

// Pings are sent every ten seconds and waited for ten more; the rest is this machine's business.
constexpr seconds kNoticed{45};

constexpr char kSweepFile[] = "name: mine\nrunner: {command: [\"true\"]}\ngrid: {seed: [1, 2]}\n";

MethodDescriptors UnaryMethods() {
  MethodDescriptors methods = ContractMethods();
  std::erase_if(methods, [](const auto* method) {
    return method->client_streaming() || method->server_streaming();
  });
  return methods;
}

class HalfOpenCalls : public testing::Test {
 protected:
  HalfOpenCalls() {
    const std::string address = cluster_.ready()["listen"];
    const std::size_t colon = address.rfind(':');
    proxy_ = *CuttingProxy::Start("127.0.0.1", address.substr(0, colon),
                                  std::stoi(address.substr(colon + 1)));
    profile_ = *LoadProfile(files_, cluster_.profile("admin"));
    direct_ = *OpenChannel(profile_);
    profile_.address = proxy_->address();
    channel_ = *OpenChannel(profile_);
  }

  std::map<std::string, grpc::StatusCode> CallUnary() {
    std::map<std::string, grpc::StatusCode> codes;
    for (const auto& [method, status] : CallAll(channel_, profile_.token, UnaryMethods())) {
      codes[method] = status.error_code();
    }
    return codes;
  }
  grpc::Status Submit(const std::string& request_id, v1::SubmitSweepResponse& reply) {
    grpc::ClientContext context;
    Authorize(context, profile_.token);
    v1::SubmitSweepRequest request;
    request.set_sweep_file(kSweepFile);
    request.set_request_id(request_id);
    return v1::SweepService::NewStub(channel_)->SubmitSweep(&context, request, &reply);
  }
  int Sweeps(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    Authorize(context, profile_.token);
    v1::ListSweepsResponse reply;
    const auto stub = v1::SweepService::NewStub(channel);
    return stub->ListSweeps(&context, {}, &reply).ok() ? reply.sweeps_size() : -1;
  }

  SystemClock clock_;
  PosixFileSystem files_;
  Cluster cluster_;
  std::unique_ptr<CuttingProxy> proxy_;
  Profile profile_;
  std::shared_ptr<grpc::Channel> direct_;
  std::shared_ptr<grpc::Channel> channel_;  // through the proxy
};

TEST_F(HalfOpenCalls, EachEndsInAnErrorAndIsAnsweredWhenItIsMadeAgain) {
  const auto whole = CallUnary();
  EXPECT_GT(whole.size(), 20U);
  for (const Swallow swallow : {Swallow::kUp, Swallow::kDown}) {
    ASSERT_EQ(Sweeps(channel_), 0) << "the connection stands";
    proxy_->Set(swallow);
    const SteadyTime cut_at = clock_.SteadyNow();
    EXPECT_THAT(CallUnary(), Each(Pair(testing::_, grpc::StatusCode::UNAVAILABLE)));
    EXPECT_LT(clock_.SteadyNow() - cut_at, kNoticed);
    proxy_->Set(Swallow::kNothing);
    EXPECT_TRUE(Eventually([&] { return Sweeps(channel_) == 0; }, kNoticed));
    EXPECT_EQ(CallUnary(), whole);
  }
}

TEST_F(HalfOpenCalls, AChangeThatIsMadeAgainHasOneEffectWhicheverWayItWasLost) {
  for (const Swallow swallow : {Swallow::kUp, Swallow::kDown}) {
    const std::string id = swallow == Swallow::kUp ? "lost" : "its answer is lost";
    ASSERT_EQ(Sweeps(channel_), 0);
    proxy_->Set(swallow);
    v1::SubmitSweepResponse reply;
    EXPECT_EQ(Submit(id, reply).error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(Sweeps(direct_), swallow == Swallow::kUp ? 0 : 1) << id;
    proxy_->Set(Swallow::kNothing);
    EXPECT_TRUE(Eventually([&] { return Sweeps(channel_) >= 0; }, kNoticed));
    const grpc::Status again = Submit(id, reply);
    EXPECT_TRUE(again.ok()) << again.error_message();
    EXPECT_TRUE(reply.created()) << "the answer that was lost";
    EXPECT_EQ(reply.runs_added(), 2);
    EXPECT_EQ(Sweeps(direct_), 1);
    EXPECT_EQ(cluster_.Tutti({"cancel", "mine"}).code(), 0);
    EXPECT_EQ(cluster_.Tutti({"delete", "mine"}).code(), 0);
  }
}

}  // namespace
}  // namespace tutti
