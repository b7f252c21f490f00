// The tutti-worker binary itself, with a runner beside it, against a coordinator that does what the
// test says.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/json.h"
#include "common/process.h"
#include "common/rpc/profile.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/daemon/scripted_coordinator.h"

namespace tutti {
namespace {

std::string ReadLine(UniqueFd& fd) {
  std::string line;
  char c = 0;
  while (::read(fd.get(), &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::string ReadAll(UniqueFd& fd) {
  std::string text;
  char c = 0;
  while (::read(fd.get(), &c, 1) == 1) text += c;
  return text;
}

class WorkerBinaryTest : public testing::Test {
 protected:
  WorkerBinaryTest() : coordinator_(dir_ / "socket") {
    std::filesystem::create_directory(bin_);
    std::filesystem::copy_file(std::filesystem::path(TUTTI_BIN_DIR) / "tutti-worker",
                               bin_ / "tutti-worker");
    EXPECT_TRUE(IsOk(SaveProfile(files_, dir_ / "worker.json", coordinator_.profile())));
  }

  void PutRunner(const std::string& body) {
    std::ofstream(bin_ / "tutti-train") << "#!/bin/sh\n" << body;
    std::filesystem::permissions(bin_ / "tutti-train", std::filesystem::perms::owner_all);
  }
  std::unique_ptr<ChildProcess> Spawn(std::vector<std::string> more = {}) {
    SpawnOptions options;
    options.argv = {(bin_ / "tutti-worker").string(),
                    "--profile",
                    (dir_ / "worker.json").string(),
                    "--dir",
                    (dir_ / "worker").string(),
                    "--name",
                    "box"};
    // Else a runner of these tests would be asked for a measurement.
    if (std::ranges::find(more, "--slots") == more.end()) {
      more.insert(more.end(), {"--slots", "2"});
    }
    options.argv.insert(options.argv.end(), more.begin(), more.end());
    options.output = Stream::kPipe;
    options.errors = Stream::kPipe;
    auto child = tutti::Spawn(options);
    EXPECT_TRUE(IsOk(child));
    return *std::move(child);
  }
  void Lease() {
    v1::CoordinatorFrame frame;
    frame.add_leases()->mutable_attempt()->set_job_id(12);
    frame.mutable_leases(0)->mutable_attempt()->set_attempt(1);
    frame.mutable_leases(0)->set_kind(v1::JOB_KIND_TRAIN);
    coordinator_.Send(frame);
  }
  v1::AttemptEvent Started() {
    return coordinator_.WaitForEvent([](const auto& event) { return event.has_started(); });
  }

  TempDir dir_;
  std::filesystem::path bin_ = dir_ / "bin";
  PosixFileSystem files_;
  ScriptedCoordinator coordinator_;
};

TEST_F(WorkerBinaryTest, EnrolsSaysReadyAndDrainsOnSigterm) {
  PutRunner("read job; sleep 1000");
  const auto worker = Spawn({"--slots", "3"});
  const auto ready = ParseJson(ReadLine(worker->output()), "ready line");
  ASSERT_TRUE(IsOk(ready));
  EXPECT_EQ((*ready)["ready"], "tutti-worker");
  EXPECT_EQ((*ready)["name"], "box");
  EXPECT_EQ((*ready)["slots"], 3);
  EXPECT_THAT(coordinator_.enrolled(), testing::ElementsAre((*ready)["id"].get<std::string>()));
  EXPECT_EQ(*files_.ReadFile(dir_ / "worker" / "token"), "the worker's own\n");
  const auto hello = coordinator_.WaitFor([](const auto& frame) { return frame.has_hello(); });
  EXPECT_THAT(hello.hello().kinds(), testing::ElementsAre(v1::JOB_KIND_TRAIN));
  EXPECT_EQ(hello.worker_id(), (*ready)["id"]);

  Lease();
  Started();
  ::kill(worker->pid(), SIGTERM);
  coordinator_.Acknowledge(
      coordinator_.WaitForEvent([](const auto& event) { return event.has_returned(); }));
  EXPECT_TRUE(worker->Wait().success());
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "worker" / "runners"));
}

TEST_F(WorkerBinaryTest, SecondSignalEndsItAtOnce) {
  PutRunner("read job; sleep 1000");
  const auto worker = Spawn();
  ReadLine(worker->output());
  Lease();
  Started();
  ::kill(worker->pid(), SIGTERM);
  // The coordinator does not answer, so the drain waits.
  coordinator_.WaitForEvent([](const auto& event) { return event.has_returned(); });
  ::kill(worker->pid(), SIGTERM);
  EXPECT_EQ(worker->Wait().exit_code, 1);
}

TEST_F(WorkerBinaryTest, KeepsItsIdentityAndEnrolsOnce) {
  PutRunner("exit 0");
  std::string first;
  for (int i = 0; i < 2; ++i) {
    const auto worker = Spawn({"--exit-when-idle", "300ms"});
    const std::string id = (*ParseJson(ReadLine(worker->output()), "ready"))["id"];
    EXPECT_TRUE(worker->Wait().success());
    EXPECT_TRUE(first.empty() || first == id);
    first = id;
  }
  EXPECT_EQ(coordinator_.enrolled().size(), 1u);
}

TEST_F(WorkerBinaryTest, RunnersDieWithAKilledDaemon) {
  PutRunner("read job; sleep 1000 & echo '{\"event\":\"epoch\",\"epoch\":1}'; wait");
  const auto worker = Spawn();
  ReadLine(worker->output());
  Lease();
  coordinator_.WaitForEvent([](const auto& event) { return event.has_epoch(); });
  ::kill(worker->pid(), SIGKILL);
  worker->Wait();
  // The next daemon ends what is left of the group: the sleeper, whose parent died.
  const auto next = Spawn({"--log-level", "warn"});
  const auto broke = coordinator_.WaitForEvent([](const auto& event) { return event.has_broke(); });
  EXPECT_EQ(broke.broke().failure(), v1::FAILURE_CLASS_PREEMPTED);
  EXPECT_THAT(ReadLine(next->errors()),
              testing::HasSubstr("of an earlier daemon's runner still lives"));
}

TEST_F(WorkerBinaryTest, WrongTokenIsNotAllowed) {
  PutRunner("exit 0");
  Profile profile = coordinator_.profile();
  profile.token = "stolen";
  ASSERT_TRUE(IsOk(SaveProfile(files_, dir_ / "worker.json", profile)));
  const auto worker = Spawn({"--log-level", "off"});
  EXPECT_EQ(worker->Wait().exit_code, 4);
  EXPECT_THAT(ReadAll(worker->errors()), testing::HasSubstr("this token is not known here"));
}

TEST_F(WorkerBinaryTest, ProfileThatOthersCanReadIsBadInput) {
  PutRunner("exit 0");
  std::filesystem::permissions(dir_ / "worker.json", std::filesystem::perms(0644));
  const auto worker = Spawn();
  EXPECT_EQ(worker->Wait().exit_code, 2);
  EXPECT_THAT(ReadAll(worker->errors()), testing::HasSubstr("chmod 600"));
}

TEST_F(WorkerBinaryTest, WorkerWithoutAnyRunnerSaysSo) {
  const auto worker = Spawn();
  EXPECT_EQ(worker->Wait().exit_code, 1);
  EXPECT_THAT(ReadAll(worker->errors()), testing::HasSubstr("tutti-preprocess"));
}

TEST_F(WorkerBinaryTest, BadOptionsAreBadInput) {
  PutRunner("exit 0");
  EXPECT_EQ(Spawn({"--slots", "0"})->Wait().exit_code, 2);
  EXPECT_EQ(Spawn({"--exit-when-idle", "soon"})->Wait().exit_code, 2);
  EXPECT_EQ(Spawn({"--log-level", "loud"})->Wait().exit_code, 2);
  EXPECT_EQ(Spawn({"--version"})->Wait().exit_code, 0);
  const auto limited = Spawn({"--cache-limit", "20"});
  EXPECT_EQ(limited->Wait().exit_code, 2);
  EXPECT_THAT(ReadAll(limited->errors()), testing::HasSubstr("such as 20GB; got \"20\""));
}

TEST_F(WorkerBinaryTest, AGpuThatIsNotThereIsBadInput) {
  PutRunner("exit 1");  // a trainer that can use none, where the machine has one
  const auto worker = Spawn({"--gpus", "0"});
  EXPECT_EQ(worker->Wait().exit_code, 2);
  EXPECT_THAT(ReadAll(worker->errors()), testing::AllOf(testing::HasSubstr("--gpus 0: "),
                                                        testing::HasSubstr("leave --gpus out")));
}

TEST_F(WorkerBinaryTest, SigtermBeforeTheFirstConnectEndsIt) {
  PutRunner("exit 0");
  coordinator_.Stop();
  const auto worker = Spawn();
  EXPECT_THAT(ReadLine(worker->errors()), testing::HasSubstr("trying again"));
  ::kill(worker->pid(), SIGTERM);
  EXPECT_EQ(worker->Wait().exit_code, 0);
}

}  // namespace
}  // namespace tutti
