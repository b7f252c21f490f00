// What `tutti doctor` finds on a machine and on the way to a coordinator, each with its remedy.
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>

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
#include "tests/support/tiny_music.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {
namespace {

using testing::AllOf;
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

// A coordinator of some release, whose clock is so far behind.
class OddCoordinator final : public v1::SweepService::Service {
 public:
  OddCoordinator(std::string version, std::chrono::milliseconds behind)
      : version_(std::move(version)), behind_(behind) {
    const CertificatePair pair =
        *MakeSelfSignedCertificate(kCertificateName, SystemClock().WallNow());
    grpc::SslServerCredentialsOptions tls;
    tls.pem_key_cert_pairs = {{pair.key_pem, pair.certificate_pem}};
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    profile_ = {"127.0.0.1:" + std::to_string(port), pair.certificate_pem, "any", "reader"};
  }
  ~OddCoordinator() override { server_->Shutdown(); }
  const Profile& profile() const { return profile_; }

  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                             v1::GetServerInfoResponse* reply) override {
    reply->set_role("reader");
    reply->set_version(version_);
    reply->set_now_unix_ms(ToInt(SystemClock().WallNow()) - behind_.count());
    return grpc::Status::OK;
  }

 private:
  const std::string version_;
  const std::chrono::milliseconds behind_;
  std::unique_ptr<grpc::Server> server_;
  Profile profile_;
};

TEST_F(Doctor, SaysHowFarClocksAreApart) {
  const OddCoordinator late(kVersion, std::chrono::minutes(5));
  PosixFileSystem files;
  ASSERT_TRUE(SaveProfile(files, cluster_.path("late.json"), late.profile()).ok());
  auto findings = Ask(cluster_.path("late.json"), 0);
  ExpectWarning(findings["clock"], "ahead of the coordinator's", "timedatectl set-ntp true");
  EXPECT_EQ(findings["coordinator"]["state"], "ok");
}

TEST_F(Doctor, SaysThatTheCoordinatorIsOfAnotherRelease) {
  const OddCoordinator old("0.0.9", std::chrono::milliseconds(0));
  PosixFileSystem files;
  ASSERT_TRUE(SaveProfile(files, cluster_.path("old.json"), old.profile()).ok());
  auto findings = Ask(cluster_.path("old.json"), 0);
  ExpectWarning(findings["coordinator"], std::string("release 0.0.9; this is ") + kVersion,
                "one release everywhere");
  EXPECT_EQ(findings["clock"]["state"], "ok");
}

// `tutti` in a folder of its own, beside programs that say what a test has them say, and nothing
// else in PATH.
class DoctorAmongFakes : public Doctor {
 protected:
  DoctorAmongFakes() {
    std::filesystem::create_directory(bin_);
    std::filesystem::copy_file(std::filesystem::path(TUTTI_BIN_DIR) / "tutti", bin_ / "tutti");
    for (const char* name : {"tutti-coordinator", "tutti-worker", "tutti-preprocess"}) {
      Fake(name, std::string("echo ") + name + " " + kVersion);
    }
    FakeTrainer("[]");
  }
  // script: for sh, which finds no other program.
  void Fake(const std::string& name, const std::string& script) {
    WriteFile(bin_ / name, "#!/bin/sh\n" + script + "\n");
    ::chmod((bin_ / name).c_str(), 0755);
  }
  // devices: the GPUs that its LibTorch can use, a list in JSON.
  void FakeTrainer(const std::string& devices) {
    Fake("tutti-train", "if [ \"$1\" = devices ]; then echo '{\"devices\":" + devices +
                            "}'; else echo 'tutti-train " + kVersion + " (LibTorch 2.13.0)'; fi");
  }
  std::map<std::string, Json> AskHere(int exit_code) {
    return Ask(cluster_.profile("reader"), exit_code, {{"PATH", bin_}}, bin_ / "tutti");
  }

  const std::filesystem::path bin_ = cluster_.path("bin");
};

TEST_F(DoctorAmongFakes, BuildToolsAreANoteWhereTheyAreMissing) {
  Fake("cmake", "echo cmake version 3.25.1; echo more");
  Fake("ninja", "exit 1");
  auto findings = AskHere(0);
  EXPECT_EQ(findings["cmake"]["state"], "ok");
  EXPECT_EQ(findings["cmake"]["detail"], "cmake version 3.25.1");
  for (const char* tool : {"ninja", "g++"}) {
    EXPECT_EQ(findings[tool]["state"], "note") << findings[tool];
    EXPECT_THAT(findings[tool]["remedy"], HasSubstr("deploy/setup.sh"));
  }
}

TEST_F(DoctorAmongFakes, AProgramOfAnotherReleaseIsNamed) {
  Fake("tutti-worker", "echo tutti-worker 0.0.9");
  Fake("tutti-train", "echo 'tutti-train 0.0.9 (LibTorch 2.11.0)'");
  auto findings = AskHere(2);
  for (const char* name : {"tutti-worker", "tutti-train"}) {
    EXPECT_EQ(findings[name]["state"], "missing") << findings[name];
    EXPECT_THAT(findings[name]["detail"],
                AllOf(HasSubstr("0.0.9"), HasSubstr(std::string("but this is ") + kVersion)));
    EXPECT_THAT(findings[name]["remedy"], HasSubstr("of one release side by side"));
  }
  EXPECT_EQ(findings["tutti-preprocess"]["state"], "ok");
}

// As where LibTorch was removed or does not fit.
TEST_F(DoctorAmongFakes, ATrainerThatCannotStartIsAWarning) {
  Fake("tutti-train", "exit 127");
  auto findings = AskHere(0);
  ExpectWarning(findings["tutti-train"], "it cannot be run: " + (bin_ / "tutti-train").string(),
                "run deploy/setup.sh (it gets LibTorch) and build again");
}

TEST_F(DoctorAmongFakes, ATrainerOfALibTorchThatIsNotTestedIsAWarning) {
  for (const char* libtorch : {"2.10.0", "2.14.0+cu130", "3.0.0"}) {
    Fake("tutti-train",
         std::string("echo 'tutti-train ") + kVersion + " (LibTorch " + libtorch + ")'");
    auto findings = AskHere(0);
    ExpectWarning(findings["tutti-train"], std::string(libtorch) + "): Tutti is tested with",
                  "TUTTI_LIBTORCH_DIR");
  }
  Fake("tutti-train", std::string("echo 'tutti-train ") + kVersion + " (LibTorch 2.11.1)'");
  EXPECT_EQ(AskHere(0)["tutti-train"]["state"], "ok");
}

TEST_F(DoctorAmongFakes, WithoutNvidiaSmiThereIsANote) {
  auto findings = AskHere(0);
  EXPECT_EQ(findings["GPU"]["state"], "note");
  EXPECT_THAT(findings["GPU"]["remedy"], HasSubstr("install its driver"));
}

TEST_F(DoctorAmongFakes, AFailingNvidiaSmiIsAWarning) {
  Fake("nvidia-smi", "echo 'NVIDIA-SMI has failed: no driver answers.'; exit 9");
  auto findings = AskHere(0);
  ExpectWarning(findings["GPU"], "fails (exit code 9): NVIDIA-SMI has failed: no driver answers.",
                "until nvidia-smi lists the GPU");
}

TEST_F(DoctorAmongFakes, EachGpuIsListed) {
  Fake("nvidia-smi", "echo 'NVIDIA H200, 550.54'; echo 'NVIDIA L4, 550.54'");
  FakeTrainer(R"(["cuda:0","cuda:1"])");
  auto findings = AskHere(0);
  EXPECT_EQ(findings["GPU 0"]["state"], "ok");
  EXPECT_EQ(findings["GPU 0"]["detail"], "NVIDIA H200, 550.54");
  EXPECT_EQ(findings["GPU 1"]["detail"], "NVIDIA L4, 550.54");
  EXPECT_FALSE(findings.contains("GPU")) << findings["GPU"];
}

TEST_F(DoctorAmongFakes, ALibTorchThatCanUseNoGpuIsAWarning) {
  Fake("nvidia-smi", "echo 'NVIDIA H200, 550.54'");
  FakeTrainer("[]");
  auto findings = AskHere(0);
  EXPECT_EQ(findings["GPU 0"]["state"], "ok");
  ExpectWarning(findings["GPU"], "tutti-train can use none", "TUTTI_LIBTORCH_DIR");
}

}  // namespace
}  // namespace tutti
