#include "common/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

SpawnOptions Shell(const std::string& script) {
  SpawnOptions options;
  options.argv = {"sh", "-c", script};
  options.input = Stream::kPipe;
  options.output = Stream::kPipe;
  options.errors = Stream::kPipe;
  return options;
}

std::unique_ptr<ChildProcess> MustSpawn(const SpawnOptions& options) {
  auto child = Spawn(options);
  EXPECT_TRUE(IsOk(child));
  return child.ok() ? *std::move(child) : nullptr;
}

// Up to the end of the stream: when every process that holds its other end is gone.
std::string ReadAll(UniqueFd& fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

std::string ReadLine(UniqueFd& fd) {
  std::string line;
  char c = 0;
  while (::read(fd.get(), &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::ptrdiff_t OpenDescriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

TEST(Process, GivesTheExitCode) {
  const auto child = MustSpawn(Shell("exit 3"));
  EXPECT_EQ(child->Wait(), (ExitStatus{.exit_code = 3}));
  EXPECT_EQ(Describe(child->Wait()), "exit code 3");
  EXPECT_FALSE(child->Wait().success());
}

TEST(Process, GivesTheSignalThatEndedTheChild) {
  const auto child = MustSpawn(Shell("kill -KILL $$"));
  EXPECT_EQ(child->Wait(), (ExitStatus{.exit_code = -1, .signal = SIGKILL}));
  EXPECT_EQ(Describe(child->Wait()), "signal 9 (Killed)");
}

TEST(Process, PipesCarryInputOutputAndErrorsApart) {
  const auto child = MustSpawn(Shell("read line; echo \"out $line\"; echo err >&2"));
  ASSERT_EQ(::write(child->input().get(), "word\n", 5), 5);
  EXPECT_EQ(ReadAll(child->output()), "out word\n");
  EXPECT_EQ(ReadAll(child->errors()), "err\n");
  EXPECT_TRUE(child->Wait().success());
}

TEST(Process, TryWaitSaysNothingWhileTheChildRuns) {
  const auto child = MustSpawn(Shell("read line; exit 5"));
  EXPECT_EQ(child->TryWait(), std::nullopt);
  child->input().Reset();
  EXPECT_EQ(child->Wait().exit_code, 5);
  EXPECT_EQ(child->TryWait(), child->Wait());
}

TEST(Process, WritingToAnEndedChildIsAnErrorAndNoSignal) {
  const auto child = MustSpawn(Shell("exit 0"));
  child->Wait();
  EXPECT_EQ(::write(child->input().get(), "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST(Process, DestroyingItKillsGrandchildrenToo) {
  auto child = MustSpawn(Shell("sleep 1000 & echo started; wait"));
  ASSERT_EQ(ReadLine(child->output()), "started");
  UniqueFd output = std::move(child->output());
  child.reset();
  EXPECT_EQ(ReadAll(output), "");  // the end comes only when the sleeper has let go
}

TEST(Process, GrandchildrenCanBeSignalledAfterTheChildHasEnded) {
  const auto child = MustSpawn(Shell("sleep 1000 & exit 0"));
  EXPECT_TRUE(child->Wait().success());
  child->SignalGroup(SIGKILL);
  EXPECT_EQ(ReadAll(child->output()), "");
}

TEST(Process, LeadsAProcessGroupOfItsOwn) {
  const auto child = MustSpawn(Shell("read line"));
  EXPECT_EQ(::getpgid(child->pid()), child->pid());
  EXPECT_NE(::getpgid(0), child->pid());
}

TEST(Process, DiesWhenTheThreadThatSpawnedItEnds) {
  std::unique_ptr<ChildProcess> child;
  std::thread([&] { child = MustSpawn(Shell("sleep 1000 </dev/null")); }).join();
  EXPECT_EQ(child->Wait().signal, SIGKILL);
}

TEST(Process, OutlivesItsThreadWhenAskedTo) {
  std::unique_ptr<ChildProcess> child;
  SpawnOptions options = Shell("read line; exit 4");
  options.die_with_parent = false;
  std::thread([&] { child = MustSpawn(options); }).join();
  child->input().Reset();
  EXPECT_EQ(child->Wait().exit_code, 4);
}

TEST(Process, ChildHasOnlyTheStandardDescriptors) {
  const UniqueFd leaked(::open("/dev/null", O_RDONLY));  // no O_CLOEXEC on purpose
  SpawnOptions options = Shell("");
  options.argv = {"ls", "/proc/self/fd"};
  const auto child = MustSpawn(options);
  // The last one is the folder that ls reads: the lowest number that was free.
  EXPECT_EQ(ReadAll(child->output()), "0\n1\n2\n3\n");
}

TEST(Process, LeavesNoDescriptorBehind) {
  MustSpawn(Shell("exit 0"))->Wait();
  const auto before = OpenDescriptors();
  for (int i = 0; i < 5; ++i) MustSpawn(Shell("exit 0"))->Wait();
  EXPECT_FALSE(Spawn({.argv = {"/no/such/program"}}).ok());
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(Process, SignalsOfTheChildAreAtTheirDefaults) {
  MustSpawn(Shell("exit 0"))->Wait();  // this process ignores SIGPIPE from here on
  SpawnOptions options = Shell("");
  options.argv = {"grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"};
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto child = MustSpawn(options);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const std::string none = ":\t0000000000000000\n";
  EXPECT_EQ(ReadAll(child->output()), "SigBlk" + none + "SigIgn" + none);
}

TEST(Process, AddsToTheEnvironmentAndReplaces) {
  SpawnOptions options = Shell("echo $TUTTI_A,$HOME,${PATH:+path}");
  options.environment = {{"TUTTI_A", "one two"}, {"HOME", "/nowhere"}};
  EXPECT_EQ(ReadAll(MustSpawn(options)->output()), "one two,/nowhere,path\n");
}

TEST(Process, RunsInTheFolderGiven) {
  const TempDir folder;
  SpawnOptions options = Shell("pwd -P");
  options.working_directory = folder.path();
  EXPECT_EQ(ReadAll(MustSpawn(options)->output()),
            std::filesystem::canonical(folder.path()).string() + "\n");
}

TEST(Process, SaysThatThereIsNoSuchProgram) {
  EXPECT_TRUE(FailsWith(Spawn({.argv = {"no-such-program-anywhere"}}), ErrorCode::kNotFound,
                        "no-such-program-anywhere"));
  EXPECT_TRUE(
      FailsWith(Spawn({.argv = {"/no/such/program"}}), ErrorCode::kNotFound, "/no/such/program"));
}

TEST(Process, SaysThatTheFolderIsMissing) {
  SpawnOptions options = Shell("exit 0");
  options.working_directory = "/no/such/folder";
  EXPECT_TRUE(FailsWith(Spawn(options), ErrorCode::kNotFound, "/no/such/folder"));
}

}  // namespace
}  // namespace tutti
