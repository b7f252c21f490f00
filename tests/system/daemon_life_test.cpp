// What an operator does with running daemons: options from a file, logs for machines, notices to a
// service manager, health checks.
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

#include "common/file_system.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "common/rpc/session_protocol.h"
#include "common/unique_fd.h"
#include "tests/support/cluster.h"
#include "tests/support/notice_socket.h"
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

}  // namespace
}  // namespace tutti
