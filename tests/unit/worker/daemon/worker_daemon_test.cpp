// One worker in this process against a coordinator that does what the test says, over a unix
// socket.
#include "worker/daemon/worker_daemon.h"

#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/rpc/channel.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/daemon/scripted_coordinator.h"

namespace tutti {
namespace {

// The object graph of main.cpp with a runner of the test's choice, on a thread of its own.
class RunningWorker {
 public:
  RunningWorker(const std::filesystem::path& dir, const Profile& profile, const std::string& runner,
                WorkerDaemon::Options options, std::uint64_t cache_limit_bytes)
      : folder_(*WorkerFolder::Open(files_, random_, dir)),
        ledger_(*RunnerLedger::Open(files_, random_, folder_.runners())),
        spool_(*Spool::Open(files_, folder_.spool())),
        cache_(*BlobCache::Open(files_, clock_, folder_.cache(), cache_limit_bytes)),
        loop_(*EventLoop::Create(clock_)) {
    options.hello.set_name("box");
    options.hello.set_slots(2);
    options.hello.add_kinds(v1::JOB_KIND_TRAIN);
    thread_ = std::thread([this, profile, runner, options] { Serve(profile, runner, options); });
  }
  // As if it had crashed, except that its runners die here too.
  ~RunningWorker() {
    loop_->Stop();
    Wait();
  }

  void Drain() {
    loop_->Post([this] { daemon_->Drain("the test says so"); });
  }
  void Wait() {
    if (thread_.joinable()) thread_.join();
  }
  // After Wait().
  const std::optional<Error>& failure() const { return failure_; }

 private:
  void Serve(const Profile& profile, const std::string& runner,
             const WorkerDaemon::Options& options) {
    const auto channel = *OpenChannel(profile);
    const auto stub = v1::WorkerService::NewStub(channel);
    RunnerPool runners({*loop_, clock_, files_, ledger_}, {{v1::JOB_KIND_TRAIN, {runner}}}, 2);
    GrpcBlobTransport blobs(
        BlobClient(v1::BlobService::NewStub(channel), ScriptedCoordinator::kOwnToken));
    IoPool pool(2);
    GpuShares gpus({});
    const DataRoots roots;
    WorkerDaemon daemon({*loop_, pool, clock_, files_, random_, folder_, *spool_, *cache_, blobs,
                         roots, runners, gpus, *stub},
                        profile.token, options, [] {});
    daemon_ = &daemon;
    daemon.Start();
    loop_->Run();
    failure_ = daemon.failure();
  }

  const SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  WorkerFolder folder_;
  RunnerLedger ledger_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<BlobCache> cache_;
  std::unique_ptr<EventLoop> loop_;
  WorkerDaemon* daemon_ = nullptr;  // on thread_, while it serves
  std::optional<Error> failure_;
  std::thread thread_;
};

bool IsHello(const v1::WorkerFrame& frame) {
  return frame.has_hello();
}

class WorkerDaemonTest : public testing::Test {
 protected:
  WorkerDaemonTest() : coordinator_(dir_ / "socket") {}

  void StartWorker(const std::string& runner_body, WorkerDaemon::Options options = {}) {
    const std::filesystem::path path = dir_ / "runner";
    std::ofstream(path) << "#!/bin/sh\n" << runner_body;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    Profile profile = coordinator_.profile();
    profile.token = token_;
    worker_.reset();
    worker_ = std::make_unique<RunningWorker>(dir_ / "worker", profile, path.string(), options,
                                              cache_limit_bytes_);
  }
  // Answers with the frame that says hello.
  v1::WorkerFrame Connected(std::size_t skip = 0) { return coordinator_.WaitFor(IsHello, skip); }

  void Lease(std::int64_t job, std::int64_t time_limit_ms = 0) {
    v1::CoordinatorFrame frame;
    auto& lease = *frame.add_leases();
    lease.mutable_attempt()->set_job_id(job);
    lease.mutable_attempt()->set_attempt(1);
    lease.set_kind(v1::JOB_KIND_TRAIN);
    lease.set_time_limit_ms(time_limit_ms);
    lease.add_shards()->set_blob_hash(coordinator_.PutBlob("shard"));
    coordinator_.Send(frame);
  }
  v1::AttemptEvent Started() {
    return coordinator_.WaitForEvent([](const auto& event) { return event.has_started(); });
  }
  v1::AttemptEvent Finished(std::size_t skip = 0) {
    return coordinator_.WaitForEvent([](const auto& event) { return event.has_finished(); }, skip);
  }
  v1::AttemptEvent Broke() {
    return coordinator_.WaitForEvent([](const auto& event) { return event.has_broke(); });
  }
  // A frame after the `skip` oldest in which the worker holds nothing.
  void ExpectForgotten() {
    coordinator_.WaitFor([](const auto& frame) { return frame.held_size() == 0; },
                         coordinator_.frame_count());
    // What is kept for the next attempts holds nothing.
    for (const auto& file : std::filesystem::directory_iterator(dir_ / "worker" / "spool")) {
      EXPECT_EQ(file.file_size(), 0U) << file.path();
    }
    for (const auto& folder : std::filesystem::directory_iterator(dir_ / "worker" / "jobs")) {
      EXPECT_THAT(folder.path().filename().string(), testing::StartsWith("spare-"));
      EXPECT_TRUE(std::filesystem::is_empty(folder)) << folder.path();
    }
  }

  TempDir dir_;
  std::string token_ = ScriptedCoordinator::kOwnToken;
  ScriptedCoordinator coordinator_;
  std::uint64_t cache_limit_bytes_ = kDefaultCacheLimitBytes;
  std::unique_ptr<RunningWorker> worker_;
};

constexpr char kQuick[] = "read job; echo '{\"event\":\"result\",\"metrics\":{\"f1_macro\":0.5}}'";
constexpr char kHanging[] = "read job; sleep 1000";

TEST_F(WorkerDaemonTest, LeaseIsRunReportedAcknowledgedAndForgotten) {
  StartWorker(kQuick);
  EXPECT_EQ(Connected().free_slots(), 2);
  Lease(12);
  EXPECT_EQ(Started().sequence(), 1);
  const v1::AttemptEvent finished = Finished();
  EXPECT_EQ(finished.sequence(), 2);
  EXPECT_EQ(finished.finished().metrics().at("f1_macro"), 0.5);
  const auto beat = coordinator_.WaitFor([](const auto& frame) { return frame.events_size() == 0; },
                                         coordinator_.frame_count());
  ASSERT_EQ(beat.held_size(), 1);  // until it is acknowledged
  EXPECT_EQ(beat.held(0).job_id(), 12);
  coordinator_.Acknowledge(finished);
  ExpectForgotten();
}

TEST_F(WorkerDaemonTest, ReconnectSendsAgainWhatIsNotAcknowledged) {
  StartWorker(kQuick);
  Connected();
  Lease(12);
  const std::size_t before = (Finished(), coordinator_.frame_count());
  coordinator_.CloseSession({grpc::StatusCode::UNAVAILABLE, "go away for a while"});
  const v1::WorkerFrame hello = Connected(before);
  EXPECT_EQ(hello.session(), 2);
  ASSERT_EQ(hello.held_size(), 1);
  const v1::AttemptEvent again = Finished(before);
  EXPECT_EQ(again.sequence(), 2);
  coordinator_.Acknowledge(again);
  ExpectForgotten();
}

TEST_F(WorkerDaemonTest, HelloTellsWhatTheCacheHoldsNowAndNotWhatItLetGo) {
  const std::string shard = coordinator_.PutBlob("shard");
  for (const std::uint64_t limit : {std::uint64_t{100}, std::uint64_t{4}}) {
    cache_limit_bytes_ = limit;
    const std::size_t start = coordinator_.frame_count();
    StartWorker(kQuick);
    Connected(start);
    Lease(static_cast<std::int64_t>(limit));
    coordinator_.Acknowledge(Finished(start));
    ExpectForgotten();
    const std::size_t before = coordinator_.frame_count();
    coordinator_.CloseSession({grpc::StatusCode::UNAVAILABLE, "go away for a while"});
    const auto hello = Connected(before).hello();
    if (limit == 4) {
      EXPECT_EQ(hello.cached_blobs_size(), 0);
    } else {
      EXPECT_THAT(hello.cached_blobs(), testing::ElementsAre(shard));
    }
  }
}

TEST_F(WorkerDaemonTest, SessionThatWasSupersededComesBackWithALargerNumber) {
  StartWorker(kQuick);
  const v1::WorkerFrame first = Connected();
  const std::size_t before = coordinator_.frame_count();
  coordinator_.CloseSession({grpc::StatusCode::ABORTED, "a newer session of this worker is open"});
  EXPECT_GT(Connected(before).session(), first.session());
}

TEST_F(WorkerDaemonTest, RunnerGoesOnWhileTheCoordinatorIsAway) {
  StartWorker("read job; while [ ! -e '" + (dir_ / "go").string() +
              "' ]; do sleep 0.01; done; echo '{\"event\":\"result\"}'");
  Connected();
  Lease(12);
  Started();
  const std::size_t before = coordinator_.frame_count();
  coordinator_.Stop();
  std::ofstream(dir_ / "go") << "go";
  coordinator_.Start();
  EXPECT_EQ(Connected(before).held_size(), 1);
  EXPECT_EQ(Finished(before).sequence(), 2);
}

TEST_F(WorkerDaemonTest, CoordinatorThatFoundAGapIsToldEverythingAgain) {
  StartWorker(kHanging);
  Connected();
  Lease(12);
  coordinator_.Acknowledge(Started());
  const std::size_t before = coordinator_.frame_count();
  coordinator_.CloseSession({grpc::StatusCode::INVALID_ARGUMENT, "gap"});
  Connected(before);
  const auto again = coordinator_.WaitForEvent([](const auto&) { return true; }, before);
  EXPECT_EQ(again.sequence(), 1);
}

TEST_F(WorkerDaemonTest, AttemptOfAnEndedDaemonIsReportedAsPreempted) {
  StartWorker(kHanging);
  Connected();
  Lease(12);
  Started();
  StartWorker(kQuick);  // ends the first
  const v1::AttemptEvent broke = Broke();
  EXPECT_EQ(broke.sequence(), 2);
  EXPECT_EQ(broke.broke().failure(), v1::FAILURE_CLASS_PREEMPTED);
  coordinator_.Acknowledge(broke);
  ExpectForgotten();
}

TEST_F(WorkerDaemonTest, ResumeFileThatAnEndedDaemonHadNotUploadedIsSavedByTheNext) {
  const std::string output = (dir_ / "worker" / "jobs" / "12-1").string();
  StartWorker("read job; printf learnt > '" + output +
              "/state'; echo '{\"event\":\"resume\",\"path\":\"state\",\"epoch\":7}'\n"
              "echo '{\"event\":\"epoch\",\"epoch\":7}'; sleep 1000");
  Connected();
  Lease(12);
  coordinator_.WaitForEvent([](const auto& event) { return event.has_epoch(); });
  const std::size_t before = coordinator_.frame_count();
  StartWorker(kQuick);  // ends the first
  EXPECT_EQ(Connected(before).held_size(), 1);
  const v1::AttemptEvent saved =
      coordinator_.WaitForEvent([](const auto& event) { return event.has_resume(); }, before);
  EXPECT_EQ(saved.resume().epoch(), 7);
  EXPECT_EQ(coordinator_.GetBlob(saved.resume().blob_hash()), "learnt");
  const v1::AttemptEvent broke = Broke();
  EXPECT_EQ(broke.broke().failure(), v1::FAILURE_CLASS_PREEMPTED);
  EXPECT_GT(broke.sequence(), saved.sequence());
  coordinator_.Acknowledge(broke);
  ExpectForgotten();
}

TEST_F(WorkerDaemonTest, CoordinatorThatTakesASessionAndEndsItAtOnceIsNotAskedWithoutPause) {
  StartWorker(kQuick);
  std::size_t before = 0;
  const SystemClock clock;
  const SteadyTime begun = clock.SteadyNow();
  for (int i = 0; i < 5; ++i) {
    Connected(before);
    before = coordinator_.frame_count();
    coordinator_.CloseSession({grpc::StatusCode::UNAVAILABLE, "taken, and not wanted"});
  }
  Connected(before);
  // Five pauses of at least half of 200, 400, 800, 1600 and 3200 ms.
  EXPECT_GE(clock.SteadyNow() - begun, std::chrono::milliseconds(3'100));
}

TEST_F(WorkerDaemonTest, ResultOfAnEndedDaemonIsSentByTheNext) {
  StartWorker(kQuick);
  Connected();
  Lease(12);
  const std::size_t before = (Finished(), coordinator_.frame_count());
  StartWorker(kQuick);
  const v1::AttemptEvent again = Finished(before);
  EXPECT_EQ(again.finished().metrics().at("f1_macro"), 0.5);
  coordinator_.Acknowledge(again);
  ExpectForgotten();
}

TEST_F(WorkerDaemonTest, DropKillsTheRunnerAndFreesItsSlot) {
  StartWorker(kHanging);
  Connected();
  Lease(12);
  Started();
  const std::size_t before = coordinator_.frame_count();
  v1::CoordinatorFrame frame;
  frame.add_drops()->mutable_attempt()->set_job_id(12);
  frame.mutable_drops(0)->mutable_attempt()->set_attempt(1);
  coordinator_.Send(frame);
  const auto told =
      coordinator_.WaitFor([](const auto& heard) { return heard.held_size() == 0; }, before);
  EXPECT_EQ(told.free_slots(), 2);
}

TEST_F(WorkerDaemonTest, TimeLimitEndsARun) {
  StartWorker(kHanging);
  Connected();
  Lease(12, 100);
  EXPECT_EQ(Broke().broke().failure(), v1::FAILURE_CLASS_TIMED_OUT);
}

TEST_F(WorkerDaemonTest, CrashOfARunnerIsReportedWithItsLog) {
  StartWorker("read job; echo 'the reason' >&2; kill -SEGV $$");
  Connected();
  Lease(12);
  const v1::Broke broke = Broke().broke();
  EXPECT_EQ(broke.failure(), v1::FAILURE_CLASS_CRASHED);
  EXPECT_EQ(broke.signal(), SIGSEGV);
  EXPECT_THAT(broke.log_tail(), testing::ElementsAre("the reason"));
}

TEST_F(WorkerDaemonTest, DrainGivesBackAndEndsWhenTheCoordinatorKnows) {
  StartWorker(kHanging);
  Connected();
  Lease(12);
  Started();
  worker_->Drain();
  const auto returned =
      coordinator_.WaitForEvent([](const auto& event) { return event.has_returned(); });
  EXPECT_TRUE(returned.returned().started());
  coordinator_.WaitFor([](const auto& frame) { return frame.draining() && !frame.has_hello(); });
  coordinator_.Acknowledge(returned);
  worker_->Wait();
  EXPECT_EQ(worker_->failure(), std::nullopt);
}

TEST_F(WorkerDaemonTest, DrainWithoutACoordinatorEndsAndTellsItAtTheNextStart) {
  StartWorker(kHanging);
  Connected();
  Lease(12);
  Started();
  coordinator_.Stop();
  worker_->Drain();
  worker_->Wait();
  const std::size_t before = coordinator_.frame_count();
  coordinator_.Start();
  StartWorker(kQuick);
  coordinator_.WaitForEvent([](const auto& event) { return event.has_returned(); }, before);
}

// As on a full disk: what runs goes on, and the worker comes back when there is room again.
TEST_F(WorkerDaemonTest, SessionNumberThatCannotBeStoredIsTriedAgain) {
  StartWorker("exit 0\n");
  const std::filesystem::path session = dir_ / "worker" / "session";
  const auto before = coordinator_.WaitFor(IsHello).session();
  std::filesystem::remove(session);
  std::filesystem::create_directories(session / "in the way");
  coordinator_.CloseSession({grpc::StatusCode::UNAVAILABLE, "gone"});
  std::filesystem::remove_all(session);
  EXPECT_GT(Connected(1).session(), before);
}

TEST_F(WorkerDaemonTest, RefusedTokenEndsTheDaemonWithWhatToDo) {
  token_ = "revoked";
  StartWorker(kQuick);
  worker_->Wait();
  ASSERT_TRUE(worker_->failure().has_value());
  EXPECT_EQ(worker_->failure()->code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(worker_->failure()->message, testing::HasSubstr("remove that file to enrol anew"));
}

TEST_F(WorkerDaemonTest, EndsAfterItsIdleTime) {
  WorkerDaemon::Options options;
  options.exit_when_idle = std::chrono::milliseconds(300);
  StartWorker(kQuick, options);
  worker_->Wait();
  EXPECT_EQ(worker_->failure(), std::nullopt);
  EXPECT_TRUE(coordinator_.WaitFor([](const auto& frame) { return frame.draining(); }).draining());
}

}  // namespace
}  // namespace tutti
