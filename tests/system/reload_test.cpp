// SIGHUP: what a daemon reads again while it runs, and what it keeps where that cannot be used.
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "coordinator/certificate.h"
#include "tests/support/cluster.h"
#include "tests/support/shown_certificate.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;
using testing::Not;

// Of "https://0.0.0.0:7771".
int PortOf(const std::string& address) {
  return std::stoi(address.substr(address.rfind(':') + 1));
}

// Whether the program's stderr comes to hold the text.
bool Says(RunningBinary& program, const std::string& text) {
  return program.ReadUntil([&] { return program.err().contains(text); });
}

class Reload : public testing::Test {
 protected:
  // A new pair in the state folder, made at `when`, as an operator lays it there.
  CertificatePair LayNewCertificate(UnixMillis when = SystemClock().WallNow()) {
    const CertificatePair pair = *MakeSelfSignedCertificate(kCertificateName, when);
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

  // What gRPC and the pages show to a new connection.
  std::string ShownByRpc() { return ShownCertificate(PortOf(cluster_.ready()["listen"])); }
  std::string ShownByPages() { return ShownCertificate(PortOf(cluster_.ready()["http"])); }

  PosixFileSystem files_;
  Cluster cluster_{{"--http", "0.0.0.0:0"}};  // pages for other machines have TLS
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
  EXPECT_THAT(worker.err(), Not(HasSubstr("disconnected")));
}

TEST_F(Reload, ANewCertificateIsThatOfThePagesToo) {
  const std::string before = Pinned();
  EXPECT_EQ(ShownByPages(), before);
  EXPECT_EQ(ShownByRpc(), before);
  const CertificatePair pair = LayNewCertificate();
  EXPECT_EQ(ShownByPages(), before) << "it is not told yet";
  Hup();
  ASSERT_TRUE(IsPinned(pair));
  EXPECT_EQ(ShownByPages(), pair.certificate_pem);
  EXPECT_TRUE(Eventually([&] { return ShownByRpc() == pair.certificate_pem; }));
}

TEST_F(Reload, ACertificateThatCannotBeServedChangesNothing) {
  const std::string before = Pinned();
  const CertificatePair other =
      *MakeSelfSignedCertificate(kCertificateName, SystemClock().WallNow());
  WriteFile(cluster_.path("state") / "certificate.pem", other.certificate_pem);  // without its key
  Hup();
  EXPECT_TRUE(cluster_.CoordinatorSays("key.pem is not the key of certificate.pem"));
  EXPECT_EQ(Pinned(), before);
  EXPECT_EQ(cluster_.Tutti({"sweeps"}).code(), 0);
  const CertificatePair good = LayNewCertificate();
  Hup();
  EXPECT_TRUE(IsPinned(good));
}

TEST_F(Reload, AnExpiredCertificateIsRefusedAndTheOldOneStays) {
  const std::string before = Pinned();
  LayNewCertificate(UnixMillis{1'000'000'000'000});  // of 2001, for ten years
  Hup();
  EXPECT_TRUE(cluster_.CoordinatorSays(
      "SIGHUP: the certificate stays as it was: certificate.pem is not valid now"));
  EXPECT_EQ(Pinned(), before);
  EXPECT_EQ(ShownByPages(), before);
  EXPECT_EQ(ShownByRpc(), before);
  EXPECT_EQ(cluster_.Tutti({"sweeps"}).code(), 0);
  const CertificatePair good = LayNewCertificate();
  Hup();
  ASSERT_TRUE(IsPinned(good));
  EXPECT_EQ(ShownByPages(), good.certificate_pem);
  EXPECT_TRUE(Eventually([&] { return ShownByRpc() == good.certificate_pem; }));
}

TEST(ReloadLogLevel, OfAWorkerIsReadAgainFromTheFile) {
  Cluster cluster;
  const std::string file = cluster.path("worker.toml");
  WriteFile(file, "log-level = \"error\"\n");
  RunningBinary worker("tutti-worker", {"--profile", cluster.profile("worker"), "--dir",
                                        cluster.path("one"), "--config", file});
  worker.ReadyLine();
  EXPECT_EQ(worker.err(), "");
  WriteFile(file, "log-level = \"info\"\n");
  worker.Signal(SIGHUP);
  EXPECT_TRUE(Says(worker, "SIGHUP: log level info"));
  WriteFile(file, "log-level = \"loud\"\n");
  worker.Signal(SIGHUP);
  EXPECT_TRUE(Says(worker, "everything stays as it was"));
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Finish().code(), 0);
}

class ReloadCoordinatorLogLevel : public testing::Test {
 protected:
  // With the level error in its file.
  std::unique_ptr<RunningBinary> Start(const std::vector<std::string>& more = {},
                                       const Environment& environment = {}) {
    WriteFile(file_, "log-level = \"error\"\n");
    std::vector<std::string> arguments{
        "--state", folder_ / "state", "--listen", "127.0.0.1:0", "--http",
        "none",    "--config",        file_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto coordinator = std::make_unique<RunningBinary>("tutti-coordinator", arguments, environment);
    coordinator->ReadyLine();
    EXPECT_EQ(coordinator->err(), "");
    return coordinator;
  }
  void Reload(RunningBinary& coordinator, const std::string& level) {
    WriteFile(file_, "log-level = \"" + level + "\"\n");
    coordinator.Signal(SIGHUP);
  }
  // All that it said on stderr until its end.
  static std::string End(RunningBinary& coordinator) {
    coordinator.Signal(SIGTERM);
    const Outcome ended = coordinator.Finish();
    EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
    return ended.err;
  }

  const TempDir folder_;
  const std::string file_ = folder_ / "coordinator.toml";
};

TEST_F(ReloadCoordinatorLogLevel, IsReadAgainFromTheFile) {
  const auto coordinator = Start();
  Reload(*coordinator, "info");
  EXPECT_TRUE(Says(*coordinator, "SIGHUP: log level: info"));
  Reload(*coordinator, "loud");
  EXPECT_TRUE(Says(*coordinator, "SIGHUP: the log level stays as it was"));
  EXPECT_THAT(End(*coordinator), HasSubstr("draining")) << "which is told at info and below";
}

TEST_F(ReloadCoordinatorLogLevel, StaysWhereSomethingBeforeTheFileSetIt) {
  const auto expect_error_level = [&](std::unique_ptr<RunningBinary> coordinator) {
    Reload(*coordinator, "info");
    EXPECT_TRUE(Says(*coordinator, "SIGHUP: log level: error"));
    EXPECT_THAT(End(*coordinator), Not(HasSubstr("draining")));
  };
  expect_error_level(Start({"--log-level", "error"}));
  expect_error_level(Start({}, {{"TUTTI_COORDINATOR_LOG_LEVEL", "error"}}));
}

}  // namespace
}  // namespace tutti
