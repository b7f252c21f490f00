// SIGHUP: what a daemon reads again while it runs, and what it keeps where that cannot be used.
#include <csignal>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "coordinator/certificate.h"
#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace tutti
