// What an operator does with running daemons: options from a file, logs for machines, notices to a
// service manager, SIGHUP, health checks, and `tutti doctor`.
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "common/rpc/session_protocol.h"
#include "common/unique_fd.h"
#include "common/version.h"
#include "coordinator/certificate.h"
#include "tests/support/cluster.h"
#include "tests/support/notice_socket.h"
#include "tests/support/small_disk.h"
#include "tests/support/tiny_music.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {
namespace {

using testing::HasSubstr;

// One call without a token: the bytes of the answer.
Result<std::string> CallRaw(grpc::Channel& channel, const std::string& method,
                            const std::string& request) {
  grpc::GenericStub stub(std::shared_ptr<grpc::Channel>(&channel, [](grpc::Channel*) {}));
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(gpr_time_from_seconds(20, GPR_TIMESPAN));
  const grpc::Slice slice(request);
  const grpc::ByteBuffer sent(&slice, 1);
  auto call = stub.PrepareUnaryCall(&context, method, sent, &queue);
  call->StartCall();
  grpc::ByteBuffer received;
  grpc::Status status;
  call->Finish(&received, &status, &context);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return FromGrpc(status);
  grpc::Slice answer;
  received.DumpToSingleSlice(&answer);
  return std::string(answer.begin(), answer.end());
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(DaemonOptions, ComeFromTheCommandLineBeforeTheEnvironmentBeforeTheFile) {
  const TempDir folder;
  WriteFile(folder / "coordinator.toml",
            "# where it is kept\n"
            "state = \"" +
                (folder / "state").string() +
                "\"\n"
                "listen = \"127.0.0.1:0\"\n"
                "http = \"none\"\n");
  const auto http_of = [&](std::vector<std::string> arguments, const Environment& environment) {
    arguments.insert(arguments.begin(), {"--config", folder / "coordinator.toml"});
    RunningBinary coordinator("tutti-coordinator", arguments, environment);
    const Json ready = coordinator.ReadyLine();
    coordinator.Signal(SIGTERM);
    EXPECT_EQ(coordinator.Finish().code(), 0);
    return ready.value("http", "none");
  };
  EXPECT_EQ(http_of({}, {}), "none") << "the file's";
  const Environment environment{{"TUTTI_COORDINATOR_HTTP", "127.0.0.1:0"}};
  EXPECT_THAT(http_of({}, environment), HasSubstr("http://127.0.0.1:")) << "the environment's";
  EXPECT_EQ(http_of({"--http", "none"}, environment), "none") << "the command line's";
}

TEST(DaemonOptions, AWrongLineOfTheFileIsToldWithItsNumberAndTheNearestName) {
  const TempDir folder;
  const std::string file = folder / "worker.toml";
  WriteFile(file, "profile = \"worker.json\"\nslotz = 2\n");
  const Outcome outcome = RunBinary("tutti-worker", {"--config", file, "--dir", folder / "one"});
  EXPECT_EQ(outcome.code(), 2);
  EXPECT_THAT(outcome.err, HasSubstr(file + ":2: no option is called \"slotz\""));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean \"slots\"?"));
  const Outcome absent = RunBinary("tutti-worker", {"--config", folder / "nothing.toml"});
  EXPECT_EQ(absent.code(), 2);
  EXPECT_THAT(absent.err, HasSubstr("expected a file that can be read"));
}

TEST(DaemonLogs, AreJsonObjectsWhereThatIsAskedFor) {
  Cluster cluster({"--log-format", "json"});
  RunningBinary worker("tutti-worker",
                       {"--profile", cluster.profile("worker"), "--dir", cluster.path("one"),
                        "--name", "a \"name\" of \x01 bytes", "--log-format", "json"});
  worker.ReadyLine();
  worker.Signal(SIGTERM);
  const Outcome ended = worker.Finish();
  EXPECT_EQ(ended.code(), 0);
  const auto lines = LinesOf(ended.err);
  ASSERT_GE(lines.size(), 2U);
  for (const std::string& line : lines) {
    const Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(record.is_object()) << line;
    EXPECT_EQ(record.value("program", ""), "tutti-worker");
    EXPECT_THAT(record.value("time", ""), testing::MatchesRegex("....-..-..T..:..:..\\....Z"))
        << line;
    EXPECT_NE(record.value("level", ""), "");
    EXPECT_NE(record.value("message", ""), "");
  }
}

TEST(ServiceManager, HearsWhenADaemonIsReadyAndWhenItBeginsToEnd) {
  Cluster cluster;
  const TempDir folder;
  const std::map<std::string, std::vector<std::string>> daemons{
      {"tutti-coordinator",
       {"--state", folder / "state", "--listen", "127.0.0.1:0", "--http", "none"}},
      {"tutti-worker", {"--profile", cluster.profile("worker"), "--dir", folder / "one"}}};
  for (const auto& [program, arguments] : daemons) {
    SCOPED_TRACE(program);
    const std::string address = folder / (program + ".socket");
    const UniqueFd manager = ListenForNotices(address);
    RunningBinary daemon(program, arguments, {{"NOTIFY_SOCKET", address}});
    daemon.ReadyLine();
    EXPECT_TRUE(Eventually([&] { return ReceiveNotice(manager) == "READY=1"; }));
    EXPECT_EQ(ReceiveNotice(manager), "nothing") << "before it is told to end";
    daemon.Signal(SIGTERM);
    EXPECT_EQ(daemon.Finish().code(), 0);
    EXPECT_EQ(ReceiveNotice(manager), "STOPPING=1");
    EXPECT_EQ(ReceiveNotice(manager), "nothing");
  }
}

class Reload : public testing::Test {
 protected:
  // A new pair in the state folder, as an operator lays it there.
  CertificatePair LayNewCertificate() {
    const CertificatePair pair =
        *MakeSelfSignedCertificate(kCertificateName, SystemClock().WallNow());
    WriteFile(cluster_.path("state") / "key.pem", pair.key_pem);
    WriteFile(cluster_.path("state") / "certificate.pem", pair.certificate_pem);
    return pair;
  }
  void Hup() { ::kill(cluster_.coordinator_pid(), SIGHUP); }
  std::string Pinned() { return LoadProfile(files_, cluster_.profile("admin"))->certificate; }
  // Waits until the profiles are written anew.
  bool IsPinned(const CertificatePair& pair) {
    return Eventually([&] { return Pinned() == pair.certificate_pem; });
  }

  PosixFileSystem files_;
  Cluster cluster_;
};

TEST_F(Reload, ANewCertificateIsForNewConnectionsAndWhatStandsGoesOn) {
  cluster_.AddTinyMusic();
  RunningBinary& worker = cluster_.StartWorker("one");
  // Files come on a connection of their own, from the first one on.
  TinySweep before;
  before.name = "before";
  before.models = "[rnn]";
  ASSERT_EQ(cluster_.Tutti({"submit", cluster_.SweepFile(TinySweepFile(before)), "--wait"}).code(),
            0);
  std::filesystem::copy_file(cluster_.profile("admin"), cluster_.path("old.json"));
  const CertificatePair pair = LayNewCertificate();
  Hup();
  ASSERT_TRUE(IsPinned(pair));
  // gRPC looks for the new pair every second.
  EXPECT_TRUE(Eventually([&] { return cluster_.Tutti({"sweeps"}).code() == 0; }));
  const Outcome old = RunBinary("tutti", {"sweeps", "--profile", cluster_.path("old.json")});
  EXPECT_EQ(old.code(), 3) << testing::PrintToString(old);
  // The worker's session is the old one, and so is the connection that its files went on.
  ASSERT_EQ(cluster_.Tutti({"submit", cluster_.SweepFile(TinySweepFile()), "--wait"}).code(), 0);
  const Json workers = cluster_.TuttiJson({"workers"});
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0]["connected"], true);
  EXPECT_THAT(worker.err(), testing::Not(HasSubstr("disconnected")));
}

TEST_F(Reload, ACertificateThatCannotBeServedChangesNothing) {
  const std::string before = Pinned();
  const CertificatePair other =
      *MakeSelfSignedCertificate(kCertificateName, SystemClock().WallNow());
  WriteFile(cluster_.path("state") / "certificate.pem", other.certificate_pem);  // without its key
  Hup();
  const CertificatePair good = LayNewCertificate();
  EXPECT_EQ(Pinned(), before);
  EXPECT_EQ(cluster_.Tutti({"sweeps"}).code(), 0);
  Hup();
  EXPECT_TRUE(IsPinned(good));
}

TEST(ReloadLogLevel, IsReadAgainFromTheFile) {
  Cluster cluster;
  const std::string file = cluster.path("worker.toml");
  WriteFile(file, "log-level = \"error\"\n");
  RunningBinary worker("tutti-worker", {"--profile", cluster.profile("worker"), "--dir",
                                        cluster.path("one"), "--config", file});
  worker.ReadyLine();
  EXPECT_EQ(worker.err(), "");
  WriteFile(file, "log-level = \"info\"\n");
  worker.Signal(SIGHUP);
  EXPECT_TRUE(worker.ReadUntil([&] { return worker.err().contains("SIGHUP: log level info"); }));
  WriteFile(file, "log-level = \"loud\"\n");
  worker.Signal(SIGHUP);
  EXPECT_TRUE(
      worker.ReadUntil([&] { return worker.err().contains("everything stays as it was"); }));
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Finish().code(), 0);
}

TEST(Health, IsToldToAnybodyAndSoIsTheContract) {
  Cluster cluster;
  PosixFileSystem files;
  const Profile reader = *LoadProfile(files, cluster.profile("reader"));
  const auto channel = *OpenChannel(reader);
  // grpc.health.v1: field 1 of the answer is the state; 1: SERVING.
  const auto health = CallRaw(*channel, "/grpc.health.v1.Health/Check", "");
  ASSERT_TRUE(health.ok()) << health.error().message;
  EXPECT_EQ(*health, std::string("\x08\x01"));
  // Reflection is a stream; what is not served at all would be UNIMPLEMENTED.
  const auto reflection =
      CallRaw(*channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              std::string("\x3a\x00", 2));
  ASSERT_TRUE(reflection.ok()) << reflection.error().message;
  EXPECT_THAT(*reflection, HasSubstr("tutti.v1.SweepService"));
}

TEST(WorkerHealth, IsToldToProbesByTheProgramItself) {
  Cluster cluster;
  const auto health = [&](bool connected) {
    std::vector<std::string> arguments{"health", "--dir", cluster.path("one")};
    if (connected) arguments.push_back("--connected");
    return RunBinary("tutti-worker", arguments);
  };
  EXPECT_EQ(health(false).code(), 1);
  EXPECT_THAT(health(false).err, HasSubstr("no tutti-worker runs in"));
  RunningBinary& worker = cluster.StartWorker("one");
  EXPECT_EQ(health(false).code(), 0);
  EXPECT_TRUE(Eventually([&] { return health(true).code() == 0; }));
  cluster.KillCoordinator();
  EXPECT_TRUE(Eventually([&] { return health(true).code() == 1; }));
  EXPECT_EQ(health(false).code(), 0) << "it waits for its coordinator, and lives";
  worker.Signal(SIGTERM);
  worker.Finish();
  EXPECT_EQ(health(false).code(), 1);
}

// gRPC does not look at who connects; the listener does.
TEST(UnixSocket, IsForItsOwnUsersProcessesAlone) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can start a client as another user";
  const TempDir folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  RunningBinary coordinator("tutti-coordinator",
                            {"--state", folder / "state", "--socket", folder / "socket"});
  coordinator.ReadyLine();
  // All that the file system forbids is allowed: what is left is the peer's user id.
  std::filesystem::permissions(folder / "socket", std::filesystem::perms(0777));
  std::filesystem::copy_file(folder / "state/reader.json", folder / "reader.json");
  const auto sweeps_as = [&](uid_t user) {
    EXPECT_EQ(::chown((folder / "reader.json").c_str(), user, user), 0);
    const std::string id = std::to_string(user);
    return RunBinary("/usr/bin/setpriv",
                     {"--reuid", id, "--regid", id, "--clear-groups", TUTTI_BIN_DIR "/tutti",
                      "sweeps", "--profile", folder / "reader.json"});
  };
  const Outcome own = sweeps_as(0);
  EXPECT_EQ(own.code(), 0) << testing::PrintToString(own);
  const Outcome foreign = sweeps_as(65'534);
  EXPECT_EQ(foreign.code(), 3) << testing::PrintToString(foreign);
  EXPECT_TRUE(coordinator.ReadUntil(
      [&] { return coordinator.err().contains("a connection of another user was refused"); }));
  coordinator.Signal(SIGTERM);
  EXPECT_EQ(coordinator.Finish().code(), 0);
}

TEST(Handshake, AClientOfAnotherProtocolIsToldWhichSideToUpgrade) {
  Cluster cluster;
  PosixFileSystem files;
  const Profile profile = *LoadProfile(files, cluster.profile("reader"));
  const auto stub = v1::SweepService::NewStub(*OpenChannel(profile));
  const auto ask = [&](const std::string& protocol) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + profile.token);
    if (!protocol.empty()) context.AddMetadata(kClientProtocolKey, protocol);
    v1::ListSweepsResponse reply;
    return stub->ListSweeps(&context, v1::ListSweepsRequest(), &reply);
  };
  EXPECT_TRUE(ask("").ok()) << "releases before there was a number";
  EXPECT_TRUE(ask(std::to_string(kClientProtocol)).ok());
  const grpc::Status newer = ask(std::to_string(kClientProtocol + 1));
  EXPECT_EQ(newer.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(newer.error_message(), HasSubstr("upgrade the coordinator"));
  const grpc::Status older = ask("0");
  EXPECT_EQ(older.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(older.error_message(), HasSubstr("upgrade the client"));
}

class Doctor : public testing::Test {
 protected:
  // By what was looked at.
  std::map<std::string, Json> Ask(const std::filesystem::path& profile, int exit_code,
                                  const Environment& environment = {},
                                  const std::string& program = "tutti") {
    const Outcome outcome =
        RunBinary(program, {"doctor", "--profile", profile, "--json"}, environment);
    EXPECT_EQ(outcome.code(), exit_code) << testing::PrintToString(outcome);
    std::map<std::string, Json> findings;
    for (const Json& finding : outcome.json()) {
      findings[finding["what"]] = finding;
      EXPECT_EQ(finding["remedy"] == "", finding["state"] == "ok") << finding;
    }
    return findings;
  }
  static void ExpectWarning(const Json& finding, const std::string& detail,
                            const std::string& remedy) {
    EXPECT_EQ(finding["state"], "warning") << finding;
    EXPECT_THAT(finding["detail"], HasSubstr(detail));
    EXPECT_THAT(finding["remedy"], HasSubstr(remedy));
  }
  Cluster cluster_;
};

TEST_F(Doctor, FindsNothingMissingBesideARunningCoordinator) {
  auto findings = Ask(cluster_.profile("reader"), 0);
  for (const char* what :
       {"tutti", "tutti-coordinator", "tutti-worker", "tutti-preprocess", "tutti-train", "profile",
        "certificate", "coordinator", "clock", "disk"}) {
    EXPECT_EQ(findings[what].value("state", ""), "ok") << findings[what];
  }
  EXPECT_THAT(findings["tutti-train"]["detail"], HasSubstr("LibTorch"));
  EXPECT_THAT(findings["coordinator"]["detail"], HasSubstr("reader"));
  const Outcome text = RunBinary("tutti", {"doctor", "--profile", cluster_.profile("reader")});
  EXPECT_THAT(text.out, HasSubstr("ok       coordinator"));
}

TEST_F(Doctor, NamesARemedyForWhatIsWrong) {
  const auto profile = cluster_.profile("reader");
  ::chmod(profile.c_str(), 0644);
  auto findings = Ask(profile, 2);
  EXPECT_EQ(findings["profile"]["state"], "missing");
  EXPECT_EQ(findings["profile"]["remedy"], "chmod 600 " + profile.string());
  ::chmod(profile.c_str(), 0600);

  cluster_.KillCoordinator();
  findings = Ask(profile, 2);
  EXPECT_EQ(findings["coordinator"]["state"], "missing");
  EXPECT_THAT(findings["coordinator"]["remedy"], HasSubstr("start tutti-coordinator"));

  PosixFileSystem files;
  Profile expired = *LoadProfile(files, profile);
  expired.certificate =
      MakeSelfSignedCertificate(kCertificateName, UnixMillis{1'000'000'000'000})->certificate_pem;
  ASSERT_TRUE(SaveProfile(files, cluster_.path("expired.json"), expired).ok());
  findings = Ask(cluster_.path("expired.json"), 2);
  EXPECT_EQ(findings["certificate"]["state"], "missing");
  EXPECT_THAT(findings["certificate"]["remedy"], HasSubstr("certificate.pem"));
}

TEST_F(Doctor, NamesTheProgramsThatAreNotThere) {
  std::filesystem::create_directory(cluster_.path("bin"));
  const auto alone = cluster_.path("bin") / "tutti";
  std::filesystem::copy_file(std::filesystem::path(TUTTI_BIN_DIR) / "tutti", alone);
  auto findings = Ask(cluster_.profile("reader"), 2, {}, alone);
  for (const char* name : {"tutti-coordinator", "tutti-worker", "tutti-preprocess"}) {
    EXPECT_EQ(findings[name]["state"], "missing") << findings[name];
    EXPECT_THAT(findings[name]["remedy"], HasSubstr("side by side"));
  }
  ExpectWarning(findings["tutti-train"], alone.parent_path(), "deploy/setup.sh --install-trainer");
}

TEST_F(Doctor, SaysWhereADiskIsAlmostFull) {
  const SmallDisk disk(4);
  if (!disk.why_not().empty()) GTEST_SKIP() << disk.why_not();
  auto findings = Ask(cluster_.profile("reader"), 0, {{"HOME", disk.path()}});
  ExpectWarning(findings["home"], "free at " + disk.path().string(), "make room");
}

TEST_F(Doctor, SaysWhichPortIsTaken) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(7770);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Where that fails somebody else has it, which is the same.
  (void)::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  auto findings = Ask(cluster_.path("no-profile.json"), 0);
  ExpectWarning(findings["port 7770"], "taken by another program", "ss -ltnp | grep 7770");
  EXPECT_EQ(findings["profile"]["state"], "note");
}

// A coordinator whose clock is five minutes behind.
class LateCoordinator final : public v1::SweepService::Service {
 public:
  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                             v1::GetServerInfoResponse* reply) override {
    reply->set_role("reader");
    reply->set_version(kVersion);
    reply->set_now_unix_ms(ToInt(SystemClock().WallNow()) - 300'000);
    return grpc::Status::OK;
  }
};

TEST_F(Doctor, SaysHowFarClocksAreApart) {
  const CertificatePair pair =
      *MakeSelfSignedCertificate(kCertificateName, SystemClock().WallNow());
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs = {{pair.key_pem, pair.certificate_pem}};
  LateCoordinator late;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&late);
  const auto server = builder.BuildAndStart();
  PosixFileSystem files;
  ASSERT_TRUE(
      SaveProfile(files, cluster_.path("late.json"),
                  {"127.0.0.1:" + std::to_string(port), pair.certificate_pem, "any", "reader"})
          .ok());
  auto findings = Ask(cluster_.path("late.json"), 0);
  ExpectWarning(findings["clock"], "ahead of the coordinator's", "timedatectl set-ntp true");
}

}  // namespace
}  // namespace tutti
