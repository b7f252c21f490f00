// A client's call that changes something, made again because its request or its reply was lost:
// one effect, and the same answer. Over every such call there is; a new one without a row here
// fails the first test.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/coordinator/rpc/served_coordinator.h"

namespace tutti {
namespace {

using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using Stub = v1::SweepService::Stub;
using AccessStub = v1::AccessService::Stub;

// Calls that change nothing, so that they may be made as often as anybody likes.
const std::set<std::string> kReading{"GetServerInfo", "ListDatasets", "ListSweeps", "GetSweep",
                                     "GetTable",      "ListJobs",     "GetJob",     "GetLog",
                                     "GetRunLease",   "ListWorkers",  "Explain",    "ListEvents"};
// Calls whose repetition is known by the token that they are about: repeated_access_test.cpp; and
// a stream, whose events carry numbers of their own.
const std::set<std::string> kByToken{"RedeemInvite", "Enroll", "Session"};

// A call that changes something, and how its effects are counted.
struct Row {
  std::string method;
  std::function<void(ServedCoordinator&)> prepare;
  std::function<std::unique_ptr<Message>()> make_request;
  std::function<std::unique_ptr<Message>()> make_reply;
  std::function<grpc::Status(ServedCoordinator&, const Message&, Message*)> call;
  std::function<int(StoreReader&)> count_effects;
};

void SetId(Message& request, const std::string& id) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  ASSERT_NE(field, nullptr);
  request.GetReflection()->SetString(&request, field, id);
}

// Something else is asked for.
void Vary(Message& request) {
  for (int i = 0; i < request.GetDescriptor()->field_count(); ++i) {
    const auto* field = request.GetDescriptor()->field(i);
    if (field->name() == "request_id" || field->is_repeated()) continue;
    const auto& reflection = *request.GetReflection();
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      return reflection.SetString(&request, field, reflection.GetString(request, field) + "x");
    }
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_INT64) {
      return reflection.SetInt64(&request, field, reflection.GetInt64(request, field) + 1);
    }
  }
  FAIL() << "nothing in " << request.GetDescriptor()->name() << " can be changed";
}

int CountEvents(StoreReader& reader, const std::string& kind) {
  const auto events = reader.Events(0, 10'000);
  EXPECT_TRUE(events.ok());
  return static_cast<int>(std::ranges::count(*events, kind, &EventRecord::kind));
}

template <class Request, class Reply, class AnyStub>
Row MakeRow(const std::string& method,
            grpc::Status (AnyStub::*call)(grpc::ClientContext*, const Request&, Reply*),
            std::function<void(Request&)> fill, std::function<void(ServedCoordinator&)> prepare,
            std::function<int(StoreReader&)> count_effects) {
  Row row;
  row.method = method;
  row.prepare = std::move(prepare);
  row.count_effects = std::move(count_effects);
  row.make_request = [fill] {
    auto request = std::make_unique<Request>();
    fill(*request);
    return request;
  };
  row.make_reply = [] { return std::make_unique<Reply>(); };
  row.call = [call](ServedCoordinator& served, const Message& request, Message* reply) {
    AnyStub stub(served.channel());
    return (stub.*call)(served.NewCall().get(), static_cast<const Request&>(request),
                        static_cast<Reply*>(reply));
  };
  return row;
}

std::function<int(StoreReader&)> Events(const std::string& kind) {
  return [kind](StoreReader& reader) { return CountEvents(reader, kind); };
}

// In place, so that its files need not be here.
std::string ManifestText() {
  Manifest manifest;
  manifest.classes = {"blues"};
  manifest.tracks = {{"a.wav", 1, Sha256Hex("a"), 0, "", ""}};
  manifest.in_place_root = "/data/music";
  return DumpManifest(manifest);
}

void PutManifest(ServedCoordinator& served) {
  served.PutBlob(ManifestText());
}

void Register(ServedCoordinator& served) {
  PutManifest(served);
  v1::RegisterDatasetRequest request;
  request.set_request_id("prepared dataset");
  request.set_name("music");
  request.set_version(Sha256Hex(ManifestText()));
  v1::RegisterDatasetResponse reply;
  EXPECT_TRUE(served.stub().RegisterDataset(served.NewCall().get(), request, &reply).ok());
}

constexpr char kSweepFile[] = "name: mine\nrunner: {command: [\"true\"]}\ngrid: {seed: [1, 2]}\n";

void Submit(ServedCoordinator& served) {
  v1::SubmitSweepRequest request;
  request.set_request_id("prepared sweep");
  request.set_sweep_file(kSweepFile);
  v1::SubmitSweepResponse reply;
  const auto status = served.stub().SubmitSweep(served.NewCall().get(), request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

void Enroll(ServedCoordinator& served) {
  v1::WorkerService::Stub stub(served.channel());
  v1::EnrollRequest request;
  request.set_worker_id("w");
  request.set_name("gpu1");
  v1::EnrollResponse reply;
  const auto call = served.NewCall(ServedCoordinator::kEnrolToken);
  EXPECT_TRUE(stub.Enroll(call.get(), request, &reply).ok());
}

int CountInvites(StoreReader& reader) {
  const auto tokens = reader.Tokens();
  EXPECT_TRUE(tokens.ok());
  return static_cast<int>(std::ranges::count(*tokens, Role::kInvited, &TokenRecord::role));
}

void Nothing(ServedCoordinator&) {}

std::vector<Row> Rows() {
  return {
      MakeRow<v1::RegisterDatasetRequest, v1::RegisterDatasetResponse>(
          "RegisterDataset", &Stub::RegisterDataset,
          [](auto& request) {
            request.set_name("music");
            request.set_version(Sha256Hex(ManifestText()));
          },
          PutManifest, Events("dataset_registered")),
      MakeRow<v1::DeleteDatasetRequest, v1::DeleteDatasetResponse>(
          "DeleteDataset", &Stub::DeleteDataset, [](auto& request) { request.set_name("music"); },
          Register, Events("dataset_deleted")),
      MakeRow<v1::SubmitSweepRequest, v1::SubmitSweepResponse>(
          "SubmitSweep", &Stub::SubmitSweep,
          [](auto& request) { request.set_sweep_file(kSweepFile); }, Nothing,
          Events("sweep_submitted")),
      MakeRow<v1::ChangeSweepRequest, v1::ChangeSweepResponse>(
          "ChangeSweep", &Stub::ChangeSweep,
          [](auto& request) {
            request.set_sweep("mine");
            request.mutable_delete_();
          },
          Submit, Events("sweep_deleted")),
      MakeRow<v1::CancelJobRequest, v1::CancelJobResponse>(
          "CancelJob", &Stub::CancelJob, [](auto& request) { request.set_id(1); }, Submit,
          [](StoreReader& reader) {
            JobFilter cancelled;
            cancelled.phases = {JobPhase::kCancelled};
            return static_cast<int>(reader.Jobs(cancelled)->size());
          }),
      MakeRow<v1::ChangeWorkerRequest, v1::ChangeWorkerResponse>(
          "ChangeWorker", &Stub::ChangeWorker,
          [](auto& request) {
            request.set_worker("gpu1");
            request.mutable_drain();
          },
          Nothing, Events("worker_drained")),
      MakeRow<v1::CreateInviteRequest, v1::CreateInviteResponse>(
          "CreateInvite", &AccessStub::CreateInvite,
          [](auto& request) {
            request.set_role("reader");
            request.set_secret_hash(Sha256Hex("a word"));
            request.set_ttl_ms(60'000);
          },
          Nothing, CountInvites),
      MakeRow<v1::RevokeRequest, v1::RevokeResponse>(
          "Revoke", &AccessStub::Revoke, [](auto& request) { request.set_name("gpu1"); }, Enroll,
          Events("worker_revoked")),
  };
}

TEST(RepeatedCalls, EveryCallOfTheServicesIsKnownToReadOrHasARowHere) {
  std::set<std::string> known = kReading;
  known.insert(kByToken.begin(), kByToken.end());
  for (const Row& row : Rows()) EXPECT_TRUE(known.insert(row.method).second) << row.method;
  for (const char* name :
       {"tutti.v1.SweepService", "tutti.v1.AccessService", "tutti.v1.WorkerService"}) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr);
    for (int i = 0; i < service->method_count(); ++i) {
      const auto& method = *service->method(i);
      EXPECT_EQ(known.erase(method.name()), 1U)
          << method.name() << ": what happens when it is called twice?";
      const bool has_id = method.input_type()->FindFieldByName("request_id") != nullptr;
      EXPECT_EQ(has_id, !kReading.contains(method.name()) && !kByToken.contains(method.name()))
          << method.name();
    }
  }
  EXPECT_THAT(known, testing::IsEmpty());
}

class RepeatedCall : public testing::TestWithParam<Row> {
 protected:
  RepeatedCall() {
    WorkerRecord worker;
    worker.id = WorkerId{"w"};
    worker.name = "gpu1";
    served_.emplace(folder_.path(), Changes{PutWorker{worker}});
    GetParam().prepare(*served_);
    before_ = Effects();
    SetId(*request_, "0c1f7d");
  }
  void Restart() {
    served_.reset();
    served_.emplace(folder_.path());
  }
  grpc::Status Call(Message& reply) { return GetParam().call(*served_, *request_, &reply); }
  void MustCall(Message& reply) {
    const grpc::Status status = Call(reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  int Effects() { return GetParam().count_effects(*served_->Reader()); }
  void ExpectOneEffect() { EXPECT_EQ(Effects() - before_, 1); }

  TempDir folder_;
  std::optional<ServedCoordinator> served_;
  const std::unique_ptr<Message> request_ = GetParam().make_request();
  const std::unique_ptr<Message> first_ = GetParam().make_reply();
  const std::unique_ptr<Message> second_ = GetParam().make_reply();
  int before_ = 0;
};

TEST_P(RepeatedCall, ALostRequestIsMadeAgainWithOneEffect) {
  MustCall(*second_);  // the first never arrived
  ExpectOneEffect();
}

TEST_P(RepeatedCall, ALostReplyIsAskedForAgainWithOneEffectAndTheSameAnswer) {
  MustCall(*first_);  // nobody heard the answer
  MustCall(*second_);
  ExpectOneEffect();
  EXPECT_TRUE(MessageDifferencer::Equals(*first_, *second_))
      << first_->ShortDebugString() << " / " << second_->ShortDebugString();
}

TEST_P(RepeatedCall, TheAnswerIsTheSameAfterAStartOfTheCoordinator) {
  MustCall(*first_);
  Restart();
  MustCall(*second_);
  ExpectOneEffect();
  EXPECT_TRUE(MessageDifferencer::Equals(*first_, *second_));
}

TEST_P(RepeatedCall, CallsThatCrossHaveOneEffect) {
  std::vector<std::unique_ptr<Message>> replies;
  for (int i = 0; i < 8; ++i) replies.push_back(GetParam().make_reply());
  {
    std::vector<std::jthread> callers;
    for (const auto& reply : replies) {
      callers.emplace_back([&] {
        grpc::Status status;
        do {
          status = Call(*reply);
        } while (status.error_code() == grpc::StatusCode::UNAVAILABLE);
        EXPECT_TRUE(status.ok()) << status.error_message();
      });
    }
  }
  ExpectOneEffect();
  for (const auto& reply : replies) {
    EXPECT_TRUE(MessageDifferencer::Equals(*reply, *replies.front()));
  }
}

TEST_P(RepeatedCall, AnotherQuestionUnderTheSameIdIsRefused) {
  MustCall(*first_);
  Vary(*request_);
  const grpc::Status refused = Call(*second_);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), testing::HasSubstr("was used before"));
  ExpectOneEffect();
}

TEST_P(RepeatedCall, ACallWithoutAnIdIsRefused) {
  for (const std::string& id : {std::string(), std::string(65, 'x')}) {
    SetId(*request_, id);
    EXPECT_EQ(Call(*first_).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(Effects(), before_);
}

INSTANTIATE_TEST_SUITE_P(All, RepeatedCall, testing::ValuesIn(Rows()),
                         [](const auto& row) { return row.param.method; });

// A refusal is no effect: what was refused may be right later.
TEST(RepeatedCalls, ARefusedCallIsTriedAnewUnderItsId) {
  const TempDir folder;
  ServedCoordinator served(folder.path());
  v1::ChangeSweepRequest request;
  request.set_request_id("0c1f7d");
  request.set_sweep("mine");
  request.mutable_pause();
  v1::ChangeSweepResponse reply;
  EXPECT_EQ(served.stub().ChangeSweep(served.NewCall().get(), request, &reply).error_code(),
            grpc::StatusCode::NOT_FOUND);
  Submit(served);
  EXPECT_TRUE(served.stub().ChangeSweep(served.NewCall().get(), request, &reply).ok());
}

TEST(RepeatedCalls, ADryRunIsNotRemembered) {
  const TempDir folder;
  ServedCoordinator served(folder.path());
  v1::SubmitSweepRequest request;
  request.set_request_id("0c1f7d");
  request.set_sweep_file(kSweepFile);
  request.set_dry_run(true);
  v1::SubmitSweepResponse reply;
  ASSERT_TRUE(served.stub().SubmitSweep(served.NewCall().get(), request, &reply).ok());
  EXPECT_FALSE(served.Reader()->RememberedReply("0c1f7d")->has_value());
}

}  // namespace
}  // namespace tutti
