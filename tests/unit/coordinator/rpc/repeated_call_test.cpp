// A client's call that changes something, made again because its request or its reply was lost:
// one effect, and the same answer. Over every such call there is, and every change that such a call
// can carry; a new one without a row here fails the first two tests.
#include <functional>
#include <iterator>
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
#include "coordinator/rpc/chunk_pace.h"
#include "tests/support/contract.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/coordinator/rpc/served_coordinator.h"

namespace tutti {
namespace {

using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using Stub = v1::SweepService::Stub;
using AccessStub = v1::AccessService::Stub;

// Calls that change nothing, so that they may be made as often as anybody likes.
const std::set<std::string> kReading{
    "GetServerInfo", "ListDatasets", "ListSweeps",  "GetSweep",    "GetTable",  "ListJobs",
    "GetJob",        "GetLog",       "GetRunLease", "ListWorkers", "Explain",   "ListEvents",
    "FindMissing",   "FindPart",     "Download",    "Predict",     "GetServing"};
// Calls whose repetition is known by what they are about: a token (repeated_access_test.cpp), or
// the hash of a blob (blob_calls_test.cpp); and streams: the events of a session carry numbers of
// their own, a stream that serves predictions stores nothing.
const std::set<std::string> kKnownOtherwise{"RedeemInvite", "Enroll", "Upload", "Session", "Serve"};

// A call that changes something, and how its effects are counted.
struct Row {
  std::string method;
  std::string variant;  // of several rows of a method that no oneof tells apart
  std::function<void(ServedCoordinator&)> prepare;
  std::function<std::unique_ptr<Message>()> make_request;
  std::function<std::unique_ptr<Message>()> make_reply;
  std::function<grpc::Status(ServedCoordinator&, const Message&, Message*)> call;
  std::function<int(StoreReader&)> count_effects;
};

// Of each oneof of the request, what is set there.
std::set<std::string> ChosenIn(const Message& request) {
  std::set<std::string> chosen;
  const auto& type = *request.GetDescriptor();
  for (int i = 0; i < type.oneof_decl_count(); ++i) {
    const auto* field =
        request.GetReflection()->GetOneofFieldDescriptor(request, type.oneof_decl(i));
    if (field != nullptr) chosen.insert(field->name());
  }
  return chosen;
}

// "ChangeSweep_retry"
std::string NameOf(const Row& row) {
  std::string name = row.method + row.variant;
  for (const std::string& chosen : ChosenIn(*row.make_request())) name += "_" + chosen;
  return name;
}

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

std::string SweepFile(const std::string& seeds) {
  return "name: mine\nrunner: {command: [\"true\"]}\ngrid: {seed: [" + seeds + "]}\n";
}

const std::string kSweepFile = SweepFile("1, 2");

// More than fits into one transaction.
constexpr std::size_t kManyRuns = kFirstChunk + 1'000;

std::string LongSweepFile() {
  std::string seeds = "0";
  for (std::size_t seed = 1; seed < kManyRuns; ++seed) seeds += ", " + std::to_string(seed);
  return SweepFile(seeds);
}

void Submit(ServedCoordinator& served) {
  served.Submit(kSweepFile);
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

// Each with all of its runs.
int CountLongSweeps(StoreReader& reader) {
  const int sweeps = CountEvents(reader, "sweep_submitted");
  const auto jobs = reader.Jobs({.limit = 10 * static_cast<std::int64_t>(kManyRuns)});
  EXPECT_TRUE(jobs.ok());
  EXPECT_EQ(jobs->size(), static_cast<std::size_t>(sweeps) * kManyRuns);
  return sweeps;
}

int CountInvites(StoreReader& reader) {
  const auto tokens = reader.Tokens();
  EXPECT_TRUE(tokens.ok());
  return static_cast<int>(std::ranges::count(*tokens, Role::kInvited, &TokenRecord::role));
}

void Nothing(ServedCoordinator&) {}

using FillSweep = std::function<void(v1::ChangeSweepRequest&)>;
using FillWorker = std::function<void(v1::ChangeWorkerRequest&)>;

// What is done to sweep "mine", the event that tells of it, and what was done to it before.
Row SweepRow(const FillSweep& fill, const std::string& event, const FillSweep& before = nullptr) {
  return MakeRow<v1::ChangeSweepRequest, v1::ChangeSweepResponse>(
      "ChangeSweep", &Stub::ChangeSweep,
      [fill](auto& request) {
        request.set_sweep("mine");
        fill(request);
      },
      [before](ServedCoordinator& served) {
        Submit(served);
        if (!before) return;
        v1::ChangeSweepRequest request;
        request.set_request_id("prepared change");
        request.set_sweep("mine");
        before(request);
        v1::ChangeSweepResponse reply;
        EXPECT_TRUE(served.stub().ChangeSweep(served.NewCall().get(), request, &reply).ok());
      },
      Events(event));
}

std::vector<Row> RowsOfChangeSweep() {
  return {
      SweepRow([](auto& request) { request.mutable_cancel(); }, "sweep_cancelled"),
      SweepRow([](auto& request) { request.mutable_pause(); }, "sweep_paused"),
      SweepRow([](auto& request) { request.mutable_resume(); }, "sweep_resumed",
               [](auto& request) { request.mutable_pause(); }),
      SweepRow([](auto& request) { request.mutable_retry(); }, "sweep_retried",
               [](auto& request) { request.mutable_cancel(); }),
      SweepRow([](auto& request) { request.mutable_delete_(); }, "sweep_deleted"),
      SweepRow([](auto& request) { request.mutable_set_priority()->set_priority(7); },
               "sweep_priority"),
  };
}

Row WorkerRow(const FillWorker& fill, const std::string& event,
              std::function<void(ServedCoordinator&)> prepare) {
  return MakeRow<v1::ChangeWorkerRequest, v1::ChangeWorkerResponse>(
      "ChangeWorker", &Stub::ChangeWorker,
      [fill](auto& request) {
        request.set_worker("gpu1");
        fill(request);
      },
      std::move(prepare), Events(event));
}

void Drain(ServedCoordinator& served) {
  v1::ChangeWorkerRequest request;
  request.set_request_id("prepared drain");
  request.set_worker("gpu1");
  request.mutable_drain();
  v1::ChangeWorkerResponse reply;
  EXPECT_TRUE(served.stub().ChangeWorker(served.NewCall().get(), request, &reply).ok());
}

Row RowOfALongSubmit() {
  Row row = MakeRow<v1::SubmitSweepRequest, v1::SubmitSweepResponse>(
      "SubmitSweep", &Stub::SubmitSweep,
      [](auto& request) { request.set_sweep_file(LongSweepFile()); }, Nothing, CountLongSweeps);
  row.variant = "InSeveralTransactions";
  return row;
}

std::vector<Row> OtherRows() {
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
      RowOfALongSubmit(),
      MakeRow<v1::CancelJobRequest, v1::CancelJobResponse>(
          "CancelJob", &Stub::CancelJob, [](auto& request) { request.set_id(1); }, Submit,
          [](StoreReader& reader) {
            JobFilter cancelled;
            cancelled.phases = {JobPhase::kCancelled};
            return static_cast<int>(reader.Jobs(cancelled)->size());
          }),
      WorkerRow([](auto& request) { request.mutable_drain(); }, "worker_drained", Nothing),
      WorkerRow([](auto& request) { request.mutable_undrain(); }, "worker_undrained", Drain),
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

std::vector<Row> Rows() {
  std::vector<Row> rows = RowsOfChangeSweep();
  std::ranges::move(OtherRows(), std::back_inserter(rows));
  return rows;
}

TEST(RepeatedCalls, EveryCallOfTheServicesIsKnownToReadOrHasARowHere) {
  std::set<std::string> known = kReading;
  known.insert(kKnownOtherwise.begin(), kKnownOtherwise.end());
  std::set<std::string> names;
  for (const Row& row : Rows()) {
    EXPECT_FALSE(kReading.contains(row.method) || kKnownOtherwise.contains(row.method));
    EXPECT_TRUE(names.insert(NameOf(row)).second) << NameOf(row) << " has two rows";
    known.insert(row.method);
  }
  for (const auto* method : ContractMethods()) {
    EXPECT_EQ(known.erase(method->name()), 1U)
        << method->full_name() << ": what happens when it is called twice?";
    const bool has_id = method->input_type()->FindFieldByName("request_id") != nullptr;
    EXPECT_EQ(has_id,
              !kReading.contains(method->name()) && !kKnownOtherwise.contains(method->name()))
        << method->full_name();
  }
  EXPECT_THAT(known, testing::IsEmpty());
}

TEST(RepeatedCalls, EveryChangeThatACallCanCarryHasARowHere) {
  std::map<std::string, std::set<std::string>> tried;  // by method
  for (const Row& row : Rows()) tried[row.method].merge(ChosenIn(*row.make_request()));
  for (const auto* method : ContractMethods()) {
    if (!tried.contains(method->name())) continue;  // it only reads, or is known otherwise
    const auto& type = *method->input_type();
    std::set<std::string> there_are;
    for (int i = 0; i < type.oneof_decl_count(); ++i) {
      for (int f = 0; f < type.oneof_decl(i)->field_count(); ++f) {
        there_are.insert(type.oneof_decl(i)->field(f)->name());
      }
    }
    EXPECT_EQ(tried[method->name()], there_are) << method->full_name();
  }
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
                         [](const auto& row) { return NameOf(row.param); });

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
