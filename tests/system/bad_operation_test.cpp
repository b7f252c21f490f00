// Mistakes of those who run Tutti, and inputs at the edge: each told in its own words, nothing
// lost.
#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/rpc/channel.h"
#include "common/rpc/session_protocol.h"
#include "tests/support/cluster.h"
#include "tests/support/result_matchers.h"
#include "tests/support/tiny_music.h"
#include "tutti/v1/worker.grpc.pb.h"

namespace tutti {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TinySweep OneRun() {
  TinySweep sweep;
  sweep.models = "[rnn]";
  sweep.seeds = "[333]";
  return sweep;
}

Json RunsOf(Cluster& cluster, const std::string& sweep) {
  Json runs = Json::array();
  for (const Json& job : cluster.TuttiJson({"jobs", sweep})) {
    if (job["kind"] != "preprocess") runs.push_back(job);
  }
  return runs;
}

TEST(BadOperation, ASliceLongerThanTheClipIsRefused) {
  Cluster cluster;
  cluster.AddTinyMusic();
  std::string text = TinySweepFile(OneRun());
  text.replace(text.find("slice_seconds: [1]"), 18, "slice_seconds: [1, 5]");
  const Outcome refused = cluster.Tutti({"submit", cluster.SweepFile(text)});
  EXPECT_EQ(refused.code(), 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("sweep.yaml:"), HasSubstr("5"), HasSubstr("clip")));
}

TEST(BadOperation, TooFewSongsOfAClassAreCounted) {
  Cluster cluster;
  TinyMusic music;
  music.tracks_per_class = 2;
  WriteTinyMusic(cluster.path("music"), music);
  ASSERT_EQ(cluster.Tutti({"dataset", "add", "tiny", cluster.path("music")}).code(), 0);
  const Outcome refused = cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(OneRun()))});
  EXPECT_EQ(refused.code(), 2) << testing::PrintToString(refused);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("split"), HasSubstr("6")));
  EXPECT_EQ(cluster.TuttiJson({"sweeps"}).size(), 0U);
}

TEST(BadOperation, OneClassOnlyCannotBeToldApart) {
  Cluster cluster;
  WriteTinyMusic(cluster.path("music"));
  std::filesystem::remove_all(cluster.path("music/buzz"));
  std::filesystem::remove_all(cluster.path("music/hiss"));
  const Outcome added = cluster.Tutti({"dataset", "add", "tiny", cluster.path("music")});
  const Outcome submitted = cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(OneRun()))});
  EXPECT_EQ(submitted.code(), 2) << testing::PrintToString(submitted);
  EXPECT_THAT(added.err + submitted.err, HasSubstr("class"));
}

TEST(BadOperation, ASilentTrackIsATrackOfZeros) {
  Cluster cluster;
  cluster.StartWorker("one");
  WriteTinyMusic(cluster.path("music"));
  std::string wav = ReadWholeFile(cluster.path("music/bell/bell.00.wav"));
  std::fill(wav.begin() + 44, wav.end(), '\0');
  WriteFile(cluster.path("music/bell/bell.00.wav"), wav);
  ASSERT_EQ(cluster.Tutti({"dataset", "add", "tiny", cluster.path("music")}).code(), 0);
  const Outcome ended =
      cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(OneRun())), "--wait"});
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  EXPECT_EQ(cluster.TuttiJson({"table", "tiny"})["undecodable"].size(), 0U);
}

TEST(BadOperation, ALastBatchOfOneJoinsTheOneBeforeIt) {
  // 24 songs to train of 3 slices each: 72 slices, so that batches of 71 leave one over.
  Cluster cluster;
  cluster.StartWorker("one");
  cluster.AddTinyMusic();
  TinySweep sweep = OneRun();
  sweep.models = "[cnn]";
  sweep.epochs = 1;
  sweep.axes = "batch_size: [71]";
  const Outcome ended =
      cluster.Tutti({"submit", cluster.SweepFile(TinySweepFile(sweep)), "--wait"});
  EXPECT_EQ(ended.code(), 0) << testing::PrintToString(ended) << RunsOf(cluster, "tiny");
  const std::string id = std::to_string(RunsOf(cluster, "tiny")[0]["id"].get<int>());
  EXPECT_THAT(cluster.Tutti({"logs", id}).out, HasSubstr("(72 slices) to train"));
}

TEST(BadOperation, APortInUseIsNamed) {
  Cluster cluster;
  const std::string taken = cluster.ready()["listen"];
  const Outcome refused = RunBinary("tutti-coordinator",
                                    {"--state", cluster.path("other").string(), "--listen", taken});
  EXPECT_NE(refused.code(), 0);
  EXPECT_THAT(refused.err, HasSubstr(taken));
}

TEST(BadOperation, AStateFolderThatCannotBeWrittenIsNamed) {
  // In a mount namespace of its own; without the right to make one there is nothing to test.
  const auto in_mount = [](const std::string& folder, const std::string& options) {
    std::filesystem::create_directories(folder);
    const std::string coordinator = (std::filesystem::path(TUTTI_BIN_DIR) / "tutti-coordinator");
    return RunBinary("/usr/bin/unshare", {"--mount", "--map-root-user", "sh", "-c",
                                          "mount -t tmpfs -o " + options +
                                              " tmpfs \"$0\" && exec \"$1\" --state "
                                              "\"$0/state\" --listen 127.0.0.1:0",
                                          folder, coordinator});
  };
  Cluster cluster;
  const Outcome read_only = in_mount(cluster.path("ro").string(), "ro");
  EXPECT_NE(read_only.code(), 0);
  EXPECT_THAT(read_only.err, AllOf(HasSubstr("/ro/state"), HasSubstr("Read-only file system")));
  const Outcome full = in_mount(cluster.path("full").string(), "size=16k");
  EXPECT_NE(full.code(), 0);
  EXPECT_THAT(full.err, AllOf(HasSubstr("/full/state"),
                              testing::AnyOf(HasSubstr("No space left"), HasSubstr("is full"))));
}

TEST(BadOperation, AnUnknownSweepIsExitCodeTwo) {
  Cluster cluster;
  for (const char* command : {"table", "jobs", "watch", "export", "pause", "delete"}) {
    std::vector<std::string> arguments{command, "nothing"};
    if (arguments[0] == "export") arguments.push_back(cluster.path("out").string());
    const Outcome outcome = cluster.Tutti(arguments);
    EXPECT_EQ(outcome.code(), 2) << command;
    EXPECT_THAT(outcome.err, HasSubstr("nothing")) << command;
  }
  EXPECT_FALSE(std::filesystem::exists(cluster.path("out")));
}

// What a worker of a release before the protocol had a number says first.
grpc::Status TalkAs(int protocol, const Cluster& cluster) {
  PosixFileSystem files;
  const auto profile = LoadProfile(files, cluster.profile("worker"));
  EXPECT_TRUE(IsOk(profile));
  const auto channel = OpenChannel(*profile);
  EXPECT_TRUE(IsOk(channel));
  const auto stub = v1::WorkerService::NewStub(*channel);
  v1::EnrollRequest enroll;
  const std::string id = "a-worker-" + std::to_string(protocol);
  enroll.set_worker_id(id);
  enroll.set_name("old");
  v1::EnrollResponse enrolled;
  grpc::ClientContext enrolment;
  Authorize(enrolment, profile->token);
  EXPECT_TRUE(stub->Enroll(&enrolment, enroll, &enrolled).ok());
  grpc::ClientContext session;
  Authorize(session, enrolled.token());
  const auto stream = stub->Session(&session);
  v1::WorkerFrame frame;
  frame.set_worker_id(id);
  frame.set_session(1);
  frame.mutable_hello()->set_name("old");
  frame.mutable_hello()->set_version("0.0.1");
  frame.mutable_hello()->set_slots(1);
  frame.mutable_hello()->set_protocol(protocol);
  stream->Write(frame);
  v1::CoordinatorFrame answer;
  const bool answered = stream->Read(&answer);
  if (answered) {
    EXPECT_EQ(answer.settings().protocol(), kSessionProtocol);
    session.TryCancel();
    stream->Finish();
    return grpc::Status::OK;
  }
  return stream->Finish();
}

TEST(BadOperation, AnOldWorkerIsToldToBeUpgraded) {
  Cluster cluster;
  const grpc::Status refused = TalkAs(kSessionProtocol - 1, cluster);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), HasSubstr("upgrade worker old (release 0.0.1)"));
  EXPECT_EQ(cluster.TuttiJson({"workers"}).size(), 0U);
  EXPECT_THAT(TalkAs(kSessionProtocol + 1, cluster).error_message(),
              HasSubstr("upgrade the coordinator"));
  EXPECT_TRUE(TalkAs(kSessionProtocol, cluster).ok()) << "the control";
}

TEST(BadOperation, ARunnerThatPrintsNonsenseFailsAndItsWordsAreKept) {
  Cluster cluster;
  cluster.StartWorker("one", 1, {"--allow-command"});
  const std::string file = cluster.SweepFile(R"(name: nonsense
runner: {command: [sh, -c, "echo '{\"event\": 12}'; head -c 300000 /dev/urandom; echo; echo '{\"event\": \"result\", \"metrics\": 7}'"]}
grid: {x: [1]}
max_attempts: 1
)");
  const Outcome ended = cluster.Tutti({"submit", file, "--wait"});
  EXPECT_EQ(ended.code(), 1) << testing::PrintToString(ended);
  const Json run = RunsOf(cluster, "nonsense")[0];
  EXPECT_EQ(run["failure"], "crashed");
  EXPECT_THAT(run["message"].get<std::string>(), HasSubstr("cannot be read"));
  const std::string id = std::to_string(run["id"].get<int>());
  EXPECT_GT(cluster.TuttiJson({"show", id})["attempts"][0]["log_tail"].size(), 1U);
}

TEST(BadOperation, ARunnerThatNeverEndsMeetsItsTimeLimit) {
  Cluster cluster;
  RunningBinary& worker = cluster.StartWorker("one", 1, {"--allow-command"});
  const std::string file = cluster.SweepFile(R"(name: forever
runner: {command: [sh, -c, "echo here; sleep 1000 & wait"]}
grid: {x: [1]}
max_attempts: 1
time_limit: 1s
)");
  const Outcome ended = cluster.Tutti({"submit", file, "--wait"});
  EXPECT_EQ(ended.code(), 1) << testing::PrintToString(ended);
  const Json run = RunsOf(cluster, "forever")[0];
  EXPECT_EQ(run["failure"], "timed_out");
  EXPECT_THAT(run["message"].get<std::string>(), HasSubstr("time limit"));
  const std::string id = std::to_string(run["id"].get<int>());
  EXPECT_THAT(cluster.TuttiJson({"show", id})["attempts"][0]["log_tail"],
              testing::ElementsAre("here"));
  EXPECT_TRUE(Eventually([&] { return ChildrenOf(worker.pid(), "sh").empty(); }));
}

}  // namespace
}  // namespace tutti
