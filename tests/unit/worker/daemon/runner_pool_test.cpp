#include "worker/daemon/runner_pool.h"

#include <map>

#include "tests/support/result_matchers.h"
#include "tests/unit/worker/daemon/loop_fixture.h"

namespace tutti {
namespace {

constexpr char kWarm[] =
    "echo '{\"event\":\"hello\",\"protocol\":1,\"reusable\":true}'\n"
    "while read job; do [ \"$job\" = hang ] && sleep 1000\n"
    "echo \"{\\\"event\\\":\\\"result\\\",\\\"metrics\\\":{\\\"pid\\\":$$}}\"; done";

class RunnerPoolTest : public LoopFixture {
 protected:
  RunnerPoolTest()
      : pool_(Around(),
              {{v1::JOB_KIND_TRAIN, {Script("train", kWarm)}},
               {v1::JOB_KIND_PREPROCESS, {Script("preprocess", kWarm)}}},
              2) {}

  RunnerPool::JobNumber Start(v1::JobKind kind, const std::string& line) {
    const int name = ++last_;
    const auto job = pool_.Run(
        kind, line, [](const RunnerEvent&) {},
        [this, name](JobEnd end) { ends_[name] = std::move(end); });
    EXPECT_TRUE(IsOk(job));
    return job.ok() ? *job : 0;
  }
  // The pid of the runner that did it.
  double Do(v1::JobKind kind) {
    Start(kind, "go\n");
    const int name = last_;
    RunUntil([&] { return ends_.contains(name); });
    return std::get<RunnerResult>(ends_.at(name)).finished.metrics().at("pid");
  }

  RunnerPool pool_;
  std::map<int, JobEnd> ends_;
  int last_ = 0;
};

TEST_F(RunnerPoolTest, NextJobOfAKindGoesToItsWarmRunner) {
  const double first = Do(v1::JOB_KIND_TRAIN);
  EXPECT_EQ(Do(v1::JOB_KIND_TRAIN), first);
  EXPECT_EQ(pool_.process_count(), 1u);
  EXPECT_NE(Do(v1::JOB_KIND_PREPROCESS), first);
  EXPECT_EQ(pool_.process_count(), 2u);
}

TEST_F(RunnerPoolTest, IdleRunnerOfAnotherKindMakesRoom) {
  Do(v1::JOB_KIND_PREPROCESS);
  Start(v1::JOB_KIND_TRAIN, "hang\n");
  Start(v1::JOB_KIND_TRAIN, "hang\n");
  RunUntil([this] { return pool_.process_count() == 2; });
}

TEST_F(RunnerPoolTest, AbortedJobTellsNothingAndItsRunnerGoes) {
  const auto job = Start(v1::JOB_KIND_TRAIN, "hang\n");
  pool_.Abort(job);
  RunUntil([this] { return pool_.process_count() == 0; });
  EXPECT_TRUE(ends_.empty());
}

TEST_F(RunnerPoolTest, AbortOfAnEndedJobLeavesItsRunnerAlone) {
  const auto job = Start(v1::JOB_KIND_TRAIN, "go\n");
  RunUntil([this] { return ends_.size() == 1; });
  pool_.Abort(job);
  const double pid = std::get<RunnerResult>(ends_.at(1)).finished.metrics().at("pid");
  EXPECT_EQ(Do(v1::JOB_KIND_TRAIN), pid);
}

TEST_F(RunnerPoolTest, KindWithoutAProgramIsRefused) {
  EXPECT_TRUE(FailsWith(pool_.Run(v1::JOB_KIND_COMMAND, "x\n", {}, {}), ErrorCode::kInvalidArgument,
                        "JOB_KIND_COMMAND"));
}

}  // namespace
}  // namespace tutti
