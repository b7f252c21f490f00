// What `tutti doctor` finds on a machine and on the way to a coordinator, each with its remedy.
#include <filesystem>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "common/unique_fd.h"
#include "common/version.h"
#include "coordinator/certificate.h"
#include "tests/support/cluster.h"
#include "tests/support/small_disk.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {
namespace {

using testing::HasSubstr;

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
