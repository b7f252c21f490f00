// A training that was interrupted and goes on ends as if nothing had happened, to the bit.
#include "worker/trainer/resume.h"

#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"
#include "tests/unit/worker/trainer/tiny_job.h"
#include "worker/trainer/runner.h"

namespace tutti {
namespace {

constexpr int kEpochs = 3;
constexpr int kPatience = 4;  // of the run that stops early

class ResumeTest : public testing::TestWithParam<const char*> {
 protected:
  static Json Job(const std::filesystem::path& folder) {
    TinyJob options;
    options.model = GetParam();
    options.epochs = kEpochs;
    Json job = MakeTinyJob(folder, options);
    job["resume_interval_seconds"] = 0;
    job["config"]["keep_weights"] = "both";
    return job;
  }

  // Runs it, cancelled between batches once `epochs` were told (none: to its end).
  Json Run(const Json& job, int epochs = -1) {
    events_.clear();
    log_.clear();
    int told = 0;
    const SystemClock clock;
    return RunJobLine(DumpJson(job), clock,
                      {[&](const Json& event) {
                         events_.push_back(event);
                         told += event["event"] == "epoch" ? 1 : 0;
                       },
                       [&] { return epochs >= 0 && told >= epochs; },
                       [&](const std::string& line) { log_ += line + "\n"; }});
  }

  Json Curve() const {
    Json curve = Json::array();
    for (const Json& event : events_) {
      if (event["event"] != "epoch") continue;
      curve.push_back({event["epoch"], event["train_loss"], event["train_accuracy"],
                       event["val_loss"], event["val_accuracy"]});
    }
    return curve;
  }

  // Stops it after so many epochs, goes on elsewhere, and compares that with the undisturbed run.
  void ExpectTheSameAfter(int epochs, const std::function<Json(const std::filesystem::path&)>& job,
                          const Json& calm, const Json& curve) {
    SCOPED_TRACE("stopped after epoch " + std::to_string(epochs));
    ASSERT_EQ(Run(job(broken_.path()), epochs)["class"], "cancelled");
    Json resumed = job(resumed_.path());
    resumed["resume"] = (broken_ / "resume.safetensors").string();
    const Json result = Run(resumed);
    ASSERT_EQ(result["event"], "result") << result;
    EXPECT_THAT(log_, testing::HasSubstr("going on after epoch " + std::to_string(epochs)));
    EXPECT_EQ(Curve(), curve) << "the whole curve, to the bit";
    EXPECT_EQ(result["metrics"], calm["metrics"]);
    EXPECT_EQ(result["predictions"], calm["predictions"]);
    for (const char* name : {"best.safetensors", "last.safetensors"}) {
      // Not EXPECT_EQ: it would print megabytes of weights.
      EXPECT_TRUE(ReadWholeFile(resumed_ / name) == ReadWholeFile(calm_ / name)) << name;
    }
  }

  TempDir calm_;
  TempDir broken_;
  TempDir resumed_;
  std::vector<Json> events_;
  std::string log_;
};

TEST_P(ResumeTest, AfterAnyEpochItEndsAsTheUndisturbedRun) {
  const Json calm = Run(Job(calm_.path()));
  ASSERT_EQ(calm["event"], "result") << calm;
  const Json curve = Curve();
  for (int epochs = 1; epochs < kEpochs; ++epochs) ExpectTheSameAfter(epochs, Job, calm, curve);
}

// What does not depend on the model.
class ResumeFileTest : public ResumeTest {};

TEST_P(ResumeFileTest, AFileOfAnotherRunOrADamagedOneIsSaidAndLeftAlone) {
  Json other = Job(broken_.path());
  other["config"]["seed"] = 4;
  ASSERT_EQ(Run(other, 2)["class"], "cancelled");
  Json job = Job(resumed_.path());
  job["resume"] = (broken_ / "resume.safetensors").string();
  ASSERT_EQ(Run(job)["event"], "result");
  EXPECT_THAT(log_, testing::HasSubstr("starting from the first epoch: resume file"));
  EXPECT_EQ(Curve().size(), static_cast<std::size_t>(kEpochs));
  const Json curve = Curve();

  const std::string whole = ReadWholeFile(broken_ / "resume.safetensors");
  WriteFile(broken_ / "resume.safetensors", whole.substr(0, whole.size() / 2));
  ASSERT_EQ(Run(job)["event"], "result");
  EXPECT_THAT(log_, testing::HasSubstr("starting from the first epoch"));
  EXPECT_EQ(Curve(), curve);
}

// The validation songs have each other's labels: the better the model, the worse their loss.
TEST_P(ResumeFileTest, PatienceCountedBeforeTheStopCountsAfterIt) {
  const auto job = [](const std::filesystem::path& folder) {
    Json line = Job(folder);
    line["config"]["training"]["epochs"] = 200;
    line["config"]["training"]["patience"] = kPatience;
    line["tracks"][8]["label"] = 1;
    line["tracks"][9]["label"] = 0;
    return line;
  };
  const Json calm = Run(job(calm_.path()));
  ASSERT_EQ(calm["event"], "result") << calm;
  const Json curve = Curve();
  const int best = calm["metrics"]["best_epoch"].get<int>();
  ASSERT_LT(curve.size(), 200U);
  ASSERT_EQ(calm["metrics"]["epochs"].get<int>(), best + kPatience);
  for (int counted = 1; counted < kPatience; ++counted) {
    ExpectTheSameAfter(best + counted, job, calm, curve);
  }
}

TEST_P(ResumeFileTest, WithoutAnIntervalNothingIsWritten) {
  Json job = Job(calm_.path());
  job.erase("resume_interval_seconds");
  ASSERT_EQ(Run(job)["event"], "result");
  EXPECT_FALSE(std::filesystem::exists(calm_ / "resume.safetensors"));
  job["resume_interval_seconds"] = 3'600;
  ASSERT_EQ(Run(job)["event"], "result");
  EXPECT_FALSE(std::filesystem::exists(calm_ / "resume.safetensors"));
}

INSTANTIATE_TEST_SUITE_P(Models, ResumeTest, testing::Values("cnn", "crnn2d", "crnn1d", "rnn"),
                         [](const auto& info) { return std::string(info.param); });

INSTANTIATE_TEST_SUITE_P(Models, ResumeFileTest, testing::Values("rnn"));

}  // namespace
}  // namespace tutti
