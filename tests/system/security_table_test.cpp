// Who is refused, and how: every attack on the gRPC port beside the same call with the right
// credentials. The table is printed; coordinator/README.md says what each row stands for.
#include "tests/system/security_table.h"

#include <iostream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/hash.h"
#include "common/rpc/channel.h"
#include "coordinator/certificate.h"
#include "coordinator/rpc/limits.h"
#include "tests/support/access_matrix.h"
#include "tests/support/tiny_music.h"
#include "tests/system/contract_calls.h"

namespace tutti {
namespace {

using grpc::StatusCode;

constexpr UnixMillis kLongAgo{1'000'000'000'000};  // 2001: valid for ten years from then

class SecurityTable : public testing::Test {
 protected:
  SecurityTable() {
    std::cout << "| attack | answer | the same with the right credentials |\n|---|---|---|\n";
  }

  // attack: must end with `expected`; control: well.
  static void Row(const std::string& what, StatusCode expected, const grpc::Status& attack,
                  const grpc::Status& control) {
    std::cout << "| " << what << " | " << CodeName(attack.error_code()) << " | "
              << CodeName(control.error_code()) << " |\n";
    EXPECT_EQ(CodeName(attack.error_code()), CodeName(expected))
        << what << ": " << attack.error_message();
    EXPECT_TRUE(control.ok()) << what << ": " << control.error_message();
  }

  Profile Load(const std::string& role, Cluster& cluster) {
    return *LoadProfile(files_, cluster.profile(role));
  }
  Profile Load(const std::string& role) { return Load(role, cluster_); }
  Caller As(const std::string& role) { return Caller(Load(role)); }
  // Enrolled under this id, with a token of its own.
  Caller AsWorker(const std::string& id) {
    Profile profile = Load("worker");
    const grpc::Status enrolled = Caller(profile).Enroll(id, &profile.token);
    EXPECT_TRUE(enrolled.ok()) << enrolled.error_message();
    return Caller(profile);
  }

  PosixFileSystem files_;
  SystemClock clock_;
  // Nobody here sends heartbeats.
  Cluster cluster_{{"--lease", "10m", "--heartbeat", "2m"}};
};

TEST_F(SecurityTable, StrangersAreRefused) {
  const Profile reader = Load("reader");
  const auto channel = *OpenChannel(reader);
  Caller control(channel, reader.token);
  Row("no token", StatusCode::UNAUTHENTICATED, Caller(channel, "").ListSweeps(),
      control.ListSweeps());
  Row("wrong token", StatusCode::UNAUTHENTICATED,
      Caller(channel, Sha256Hex("a guess")).ListSweeps(), control.ListSweeps());
  Row(
      "a session without a token", StatusCode::UNAUTHENTICATED,
      [&] {
        Caller stranger(channel, "");
        return Session(stranger, "stranger").End();
      }(),
      [&] {
        Caller worker = AsWorker("known");
        Session session(worker, "known");
        EXPECT_TRUE(session.Hello());
        return grpc::Status::OK;
      }());
  Row("plaintext client", StatusCode::UNAVAILABLE,
      Caller(grpc::CreateChannel(reader.address, grpc::InsecureChannelCredentials()), reader.token)
          .ListSweeps(),
      control.ListSweeps());
}

TEST_F(SecurityTable, NoMethodOfTheContractAnswersAStranger) {
  const Profile admin = Load("admin");
  const auto channel = *OpenChannel(admin);
  const auto known = CallAll(channel, admin.token);
  EXPECT_EQ(known.size(), kAccessMatrix.size());
  const std::map<std::string, std::string> strangers{
      {"without a token", ""},
      {"with a wrong token", Sha256Hex("a guess")},
      {"with the hash of a token", Sha256Hex(admin.token)},
      {"with a token and more", admin.token + "0"},
  };
  for (const auto& [who, token] : strangers) {
    for (const auto& [method, answer] : CallAll(channel, token)) {
      const std::string control = CodeName(known.at(method).error_code());
      std::cout << "| " << method << " " << who << " | " << CodeName(answer.error_code()) << " | "
                << control << " |\n";
      EXPECT_EQ(CodeName(answer.error_code()), "UNAUTHENTICATED") << method << " " << who;
      EXPECT_NE(control, "UNAUTHENTICATED") << method;
    }
  }
}

// Told by the role, whatever is asked; an answer that is none of that, also to an empty request, is
// one to somebody who may ask.
bool IsRefusedByRole(const grpc::Status& answer) {
  return answer.error_code() == StatusCode::PERMISSION_DENIED &&
         answer.error_message().find("may not do this") != std::string::npos;
}

TEST_F(SecurityTable, EveryRoleIsAnsweredWhereTheMatrixSaysSoAndRefusedElsewhere) {
  const Profile enrol = Load("worker");
  std::map<Role, std::string> tokens{{Role::kAdmin, Load("admin").token},
                                     {Role::kReader, Load("reader").token},
                                     {Role::kEnrol, enrol.token},
                                     {Role::kInvited, "an invite"}};
  ASSERT_TRUE(Caller(enrol).Enroll("one", &tokens[Role::kWorker]).ok());
  ASSERT_TRUE(As("admin").Invite("reader", tokens[Role::kInvited]).ok());
  const auto channel = *OpenChannel(enrol);
  for (const auto& [role, token] : tokens) {
    const auto answers = CallAll(channel, token);
    for (const AccessRow& row : kAccessMatrix) {
      const auto answer = answers.find(std::string(row.method));
      ASSERT_NE(answer, answers.end()) << row.method;
      const grpc::Status& status = answer->second;
      EXPECT_EQ(!IsRefusedByRole(status), MayCall(role, row))
          << Name(role) << ": " << row.method << ": " << CodeName(status.error_code()) << ": "
          << status.error_message();
      EXPECT_NE(CodeName(status.error_code()), "UNAUTHENTICATED") << Name(role) << row.method;
      EXPECT_NE(CodeName(status.error_code()), "DEADLINE_EXCEEDED") << Name(role) << row.method;
    }
  }
}

TEST_F(SecurityTable, AnotherCertificateThanThePinnedOneIsRefused) {
  const Profile reader = Load("reader");
  Profile wrong = reader;
  wrong.certificate =
      MakeSelfSignedCertificate(kCertificateName, clock_.WallNow())->certificate_pem;
  Row("wrong pin", StatusCode::UNAVAILABLE, Caller(wrong).ListSweeps(),
      Caller(reader).ListSweeps());

  // Two coordinators with a certificate of the user's own: only its time differs.
  const auto with_certificate_of = [](UnixMillis time) {
    return [time](const std::filesystem::path& folder) {
      const CertificatePair pair = *MakeSelfSignedCertificate(kCertificateName, time);
      std::filesystem::create_directory(folder / "state");
      WriteFile(folder / "state" / "certificate.pem", pair.certificate_pem);
      WriteFile(folder / "state" / "key.pem", pair.key_pem);
    };
  };
  Cluster expired({}, with_certificate_of(kLongAgo));
  Cluster valid({}, with_certificate_of(clock_.WallNow()));
  Row("expired certificate, pinned", StatusCode::UNAVAILABLE,
      Caller(Load("reader", expired)).ListSweeps(), Caller(Load("reader", valid)).ListSweeps());
}

TEST_F(SecurityTable, ARoleDoesWhatItIsForAndNoMore) {
  Row("reader submits", StatusCode::PERMISSION_DENIED, As("reader").Submit("a-sweep"),
      As("admin").Submit("a-sweep"));
  Row("reader uploads", StatusCode::PERMISSION_DENIED, As("reader").Upload("bytes", 5),
      As("admin").Upload("bytes", 5));
  Row("reader enrols a worker", StatusCode::PERMISSION_DENIED,
      As("reader").Enroll("smuggled", nullptr), As("worker").Enroll("wanted", nullptr));
  Row("enrolment token reads sweeps", StatusCode::PERMISSION_DENIED, As("worker").ListSweeps(),
      As("reader").ListSweeps());
  Row("enrolment token fetches a blob", StatusCode::PERMISSION_DENIED,
      As("worker").Download(Sha256Hex("bytes")), As("reader").Download(Sha256Hex("bytes")));
  Row("worker reads sweeps", StatusCode::PERMISSION_DENIED, AsWorker("one").ListSweeps(),
      As("reader").ListSweeps());
  Row("worker submits", StatusCode::PERMISSION_DENIED, AsWorker("two").Submit("another"),
      As("admin").Submit("another"));
}

TEST_F(SecurityTable, AnInviteIsGoodOnceForItsTimeAndForItsRole) {
  Caller admin = As("admin");
  Caller guest(*OpenChannel(Load("reader")), "");
  const auto invite = [&](const std::string& secret, const std::string& role) {
    EXPECT_TRUE(admin.Invite(role, secret).ok());
    return secret;
  };
  const std::string used = invite("used", "worker");
  const grpc::Status first = guest.Redeem(used, {"token 1", "one", "id-1"});
  Row("used invite", StatusCode::UNAUTHENTICATED, guest.Redeem(used, {"token 2", "two", "id-2"}),
      first);
  ASSERT_TRUE(admin.Invite("reader", "brief", std::chrono::milliseconds(1)).ok());
  const UnixMillis over{ToInt(clock_.WallNow()) + 1};
  ASSERT_TRUE(Eventually([&] { return clock_.WallNow() > over; }));
  Row("expired invite", StatusCode::UNAUTHENTICATED, guest.Redeem("brief", {"token 3", "late"}),
      guest.Redeem(invite("longer", "reader"), {"token 3", "timely"}));
  invite("withdrawn", "reader");
  ASSERT_TRUE(admin.Revoke("invite-" + Sha256Hex("withdrawn").substr(0, 8)).ok());
  Row("revoked invite", StatusCode::UNAUTHENTICATED, guest.Redeem("withdrawn", {"token 4", "anna"}),
      guest.Redeem(invite("another", "reader"), {"token 4", "anna"}));
  invite("reader's", "reader");
  const grpc::Status smuggled = guest.Redeem("reader's", {"token 5", "smuggled", "id-5"});
  Row("invite for a reader, redeemed as a worker", StatusCode::INVALID_ARGUMENT, smuggled,
      guest.Redeem("reader's", {"token 5", "berta"}));
  invite("admin's", "admin");
  const grpc::Status posing = guest.Redeem("admin's", {"token 6", "admin"});
  Row("invite redeemed in the name of the coordinator's own profile", StatusCode::INVALID_ARGUMENT,
      posing, guest.Redeem("admin's", {"token 6", "boss"}));
  Row("reader invites an admin", StatusCode::PERMISSION_DENIED,
      As("reader").Invite("admin", "smuggled"), admin.Invite("admin", "wanted"));
  Row("reader revokes", StatusCode::PERMISSION_DENIED, As("reader").Revoke("boss"),
      admin.Revoke("boss"));
}

TEST_F(SecurityTable, AWorkersIdIsItsOwnUntilItIsRevoked) {
  Caller admin = As("admin");
  Caller holder = AsWorker("victim");
  Caller guest(*OpenChannel(Load("reader")), "");
  ASSERT_TRUE(admin.Invite("worker", "an invite").ok());
  const grpc::Status posing = guest.Redeem("an invite", {"token 1", "thief", "victim"});
  Row("invite redeemed as a worker that has a token", StatusCode::ALREADY_EXISTS, posing,
      guest.Redeem("an invite", {"token 1", "honest", "another"}));
  Row("enrolment as a worker that has a token", StatusCode::ALREADY_EXISTS,
      As("worker").Enroll("victim", nullptr), As("worker").Enroll("a-third", nullptr));

  const auto say_hello = [](Caller& caller, const std::string& id) {
    Session session(caller, id);
    if (session.Hello()) return grpc::Status::OK;
    return session.End();
  };
  EXPECT_TRUE(say_hello(holder, "victim").ok());
  Session standing(holder, "victim");
  ASSERT_TRUE(standing.Hello());
  ASSERT_TRUE(admin.Revoke("victim").ok());
  Caller other = AsWorker("other");
  Row("session of a worker that is revoked", StatusCode::UNAUTHENTICATED, standing.End(),
      say_hello(other, "other"));
  Row("new session of a revoked worker", StatusCode::UNAUTHENTICATED, say_hello(holder, "victim"),
      say_hello(other, "other"));
  Row("blob for a revoked worker", StatusCode::UNAUTHENTICATED, holder.FindMissing(0),
      other.FindMissing(0));
  Caller again = AsWorker("victim");
  EXPECT_TRUE(say_hello(again, "victim").ok()) << "revoked, it may be enrolled anew";
}

v1::AttemptEvent FinishedEvent(const v1::Attempt& attempt, const std::string& artifact = "") {
  v1::AttemptEvent event;
  *event.mutable_attempt() = attempt;
  event.set_sequence(1);
  (*event.mutable_finished()->mutable_metrics())["f1_macro"] = 1;
  if (!artifact.empty()) {
    v1::Artifact& made = *event.mutable_finished()->add_artifacts();
    made.set_name(artifact);
    made.set_blob_hash(Sha256Hex("weights"));
    made.set_size_bytes(7);
  }
  return event;
}

class ForeignAttempt : public SecurityTable {
 protected:
  ForeignAttempt() {
    EXPECT_TRUE(As("admin").Submit("mine").ok());
    EXPECT_TRUE(holding_.Hello());
    EXPECT_TRUE(holding_.WaitForLease(&attempt_));
  }
  std::string Phase() { return cluster_.TuttiJson({"jobs", "mine"})[0]["phase"]; }

  Caller holder_ = AsWorker("holder");
  Caller other_ = AsWorker("other");
  Session holding_{holder_, "holder"};
  v1::Attempt attempt_;
};

TEST_F(ForeignAttempt, IsNeitherEndedNorReadByAnotherWorker) {
  {
    Session disguised(other_, "holder");
    disguised.Hello();
    Row("another worker's token in the holder's name", StatusCode::PERMISSION_DENIED,
        disguised.End(), [&] {
          Session own(other_, "other");
          EXPECT_TRUE(own.Hello());
          return grpc::Status::OK;
        }());
  }
  Row("another worker reads the job", StatusCode::PERMISSION_DENIED,
      other_.GetJob(attempt_.job_id()), As("reader").GetJob(attempt_.job_id()));
  Row("another worker reads its log", StatusCode::PERMISSION_DENIED,
      other_.GetLog(attempt_.job_id()), As("reader").GetLog(attempt_.job_id()));

  Session foreign(other_, "other");
  ASSERT_TRUE(foreign.Hello());
  v1::AttemptEvent broke = FinishedEvent(attempt_);
  broke.mutable_broke()->set_failure(v1::FAILURE_CLASS_BAD_CONFIG);
  EXPECT_TRUE(foreign.Tell(broke)) << "acknowledged, so that it forgets it";
  EXPECT_EQ(Phase(), "leased") << "a foreign failure counts for nothing";
  EXPECT_TRUE(foreign.Tell(FinishedEvent(attempt_)));
  EXPECT_EQ(Phase(), "leased") << "nor does a foreign result";
  EXPECT_TRUE(holding_.Tell(FinishedEvent(attempt_)));
  EXPECT_EQ(Phase(), "succeeded") << "the same words of its holder do";
  std::cout << "| another worker fails or finishes the job | OK, and nothing of it is taken | OK, "
               "taken |\n";
}

TEST_F(ForeignAttempt, ANameOfAnArtifactDoesNotLeaveItsFolder) {
  ASSERT_TRUE(holder_.Upload("weights", 7).ok());
  std::vector<std::pair<std::string, grpc::Status>> attacks;
  for (const std::string name : {"../../.ssh/authorized_keys", "/etc/passwd", "a/../../b"}) {
    Session session(holder_, "holder");
    EXPECT_FALSE(session.Tell(FinishedEvent(attempt_, name)));
    attacks.emplace_back(name, session.End());
  }
  EXPECT_EQ(Phase(), "leased");
  const grpc::Status control =
      holding_.Tell(FinishedEvent(attempt_, "best/weights")) ? grpc::Status::OK : holding_.End();
  EXPECT_EQ(Phase(), "succeeded");
  for (const auto& [name, status] : attacks) {
    Row("artifact named " + name, StatusCode::INVALID_ARGUMENT, status, control);
  }
}

TEST_F(SecurityTable, NamesReachNoFile) {
  cluster_.AddTinyMusic();
  const std::string version = cluster_.TuttiJson({"dataset", "list"})[0]["version"];
  Caller admin = As("admin");
  Row("sweep named ../../outside", StatusCode::INVALID_ARGUMENT, admin.Submit("../../outside"),
      admin.Submit("inside"));
  Row("dataset named ../outside", StatusCode::INVALID_ARGUMENT,
      admin.Register("../outside", version), admin.Register("inside", version));
  Row("a name of 201 letters", StatusCode::INVALID_ARGUMENT,
      admin.Register(std::string(kMaxNameBytes + 1, 'n'), version),
      admin.Register(std::string(kMaxNameBytes, 'n'), version));
  for (const std::string path : {"../tutti.db", "/etc/passwd"}) {
    Row("blob " + path, StatusCode::INVALID_ARGUMENT, admin.Download(path),
        admin.Download(version));
  }
}

TEST_F(SecurityTable, WhatIsTooLargeIsRefused) {
  Caller admin = As("admin");
  Row("message over 64 MiB", StatusCode::RESOURCE_EXHAUSTED,
      admin.FindMissing(kMaxMessageBytes + 1), admin.FindMissing(0));
  Row("sweep file over 1 MiB", StatusCode::INVALID_ARGUMENT,
      admin.Submit("big", kMaxSweepFileBytes), admin.Submit("big", kMaxSweepFileBytes / 2));
  const auto upload = [&](const std::string& attack, StatusCode expected, const BlobOffer& bad,
                          const BlobOffer& good) {
    const grpc::Status refused =
        admin.Upload(bad);  // first: what is there already is not sent again
    Row(attack, expected, refused, admin.Upload(good));
  };
  upload("upload over 64 GiB announced", StatusCode::INVALID_ARGUMENT,
         {"", Sha256Hex(""), kMaxUploadBytes + 1}, {"", Sha256Hex(""), 0});
  upload("upload of more than it announced", StatusCode::INVALID_ARGUMENT,
         {"more", Sha256Hex("more"), 3}, {"more", Sha256Hex("more"), 4});
  upload("upload of less than it announced", StatusCode::INVALID_ARGUMENT,
         {"less", Sha256Hex("less"), 5}, {"less", Sha256Hex("less"), 4});
  upload("upload of other bytes than its hash", StatusCode::DATA_LOSS,
         {"this", Sha256Hex("that"), 4}, {"this", Sha256Hex("this"), 4});
}

TEST_F(SecurityTable, UploadsOfOneClientLeaveRoomForTheOthers) {
  Caller admin = As("admin");
  struct Open {
    std::unique_ptr<grpc::ClientContext> call;
    v1::UploadResponse reply;
    std::unique_ptr<grpc::ClientWriter<v1::UploadRequest>> writer;
  };
  std::vector<std::unique_ptr<Open>> uploads;
  v1::UploadRequest header;
  header.mutable_header()->set_hash(Sha256Hex("never sent"));
  header.mutable_header()->set_size_bytes(10);
  for (int i = 0; i < kMaxOpenUploadsPerClient; ++i) {
    auto& open = *uploads.emplace_back(std::make_unique<Open>());
    open.call = admin.NewCall();
    open.writer = admin.blobs().Upload(open.call.get(), &open.reply);
    EXPECT_TRUE(open.writer->Write(header));
  }
  const auto incoming = cluster_.path("state") / "blobs" / "incoming";
  ASSERT_TRUE(Eventually([&] {
    return std::distance(std::filesystem::directory_iterator(incoming), {}) ==
           kMaxOpenUploadsPerClient;
  }));
  Row("upload number 65 of one client", StatusCode::RESOURCE_EXHAUSTED, admin.Upload("x", 1),
      AsWorker("another").Upload("x", 1));
  uploads[0]->call->TryCancel();
  EXPECT_FALSE(uploads[0]->writer->Finish().ok());
  EXPECT_TRUE(Eventually([&] { return admin.Upload("y", 1).ok(); })) << "its place is free again";
  for (std::size_t i = 1; i < uploads.size(); ++i) uploads[i]->call->TryCancel();
}

// Beyond the bound a call waits at the client, until another has ended.
TEST_F(SecurityTable, StreamsOfOneConnectionAreBounded) {
  Caller reader = As("reader");
  struct Waiting {
    std::unique_ptr<grpc::ClientContext> call;
    std::unique_ptr<grpc::ClientReaderWriter<v1::WorkerFrame, v1::CoordinatorFrame>> stream;
  };
  Caller worker = AsWorker("greedy");
  std::vector<Waiting> open(kMaxStreamsPerConnection);
  for (Waiting& one : open) {
    one.call = worker.NewCall();
    one.stream = worker.workers().Session(one.call.get());
  }
  const auto late = worker.NewCall();
  late->set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(500, GPR_TIMESPAN)));
  v1::FindMissingRequest request;
  v1::FindMissingResponse reply;
  Row("stream number 1025 of one connection", StatusCode::DEADLINE_EXCEEDED,
      worker.blobs().FindMissing(late.get(), request, &reply), reader.ListSweeps());
  open[0].call->TryCancel();
  EXPECT_TRUE(worker.FindMissing(0).ok()) << "one has ended: there is room";
  for (Waiting& one : open) one.call->TryCancel();
}

}  // namespace
}  // namespace tutti
