// Which parameters a training moves, and which songs it has seen.
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "common/feature_spec_hash.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/trainer/tiny_job.h"
#include "worker/models/registry.h"
#include "worker/trainer/checkpoint.h"
#include "worker/trainer/runner.h"

namespace tutti {
namespace {

class TrainedTest : public testing::Test {
 protected:
  // Events before the last one stay in events_.
  Json Run(const Json& line) {
    events_.clear();
    const SystemClock clock;
    return RunJobLine(
        DumpJson(line), clock,
        {[this](const Json& event) { events_.push_back(event); }, [] { return false; }});
  }

  // One epoch of the model; the parameters that are after it what they were before, and the model
  // before.
  struct Trained {
    std::shared_ptr<Model> before;
    Weights after;
    std::vector<std::string> stayed;
  };
  Trained TrainOneEpoch(const std::string& name, const std::string& protocol) {
    TinyJob options;
    options.model = name;
    options.epochs = 1;
    Json line = MakeTinyJob(folder_.path(), options);
    line["config"]["protocol"] = protocol;
    line["config"]["keep_weights"] = "last";
    const Json end = Run(line);
    EXPECT_EQ(end["event"], "result") << end;
    torch::manual_seed(333);
    const auto model = MakeModel(name, {128, 43, 2});
    EXPECT_TRUE(IsOk(model));
    const auto after = ReadCheckpoint(folder_ / "last.safetensors");
    EXPECT_TRUE(IsOk(after));
    Trained trained{*model, *after, {}};
    for (const auto& parameter : trained.before->named_parameters()) {
      if (parameter.value().equal(trained.after.at(parameter.key()))) {
        trained.stayed.push_back(parameter.key());
      }
    }
    return trained;
  }

  TempDir folder_;
  std::vector<Json> events_;
};

class CorrectProtocol : public TrainedTest, public testing::WithParamInterface<const char*> {};

TEST_P(CorrectProtocol, TrainsEveryParameter) {
  // Of crnn2d the last step alone is used, which is the first of the GRU's way back: its state
  // before is zero, so what multiplies it has no gradient. That is the study's model.
  std::vector<std::string> without_gradient;
  if (GetParam() == std::string("crnn2d")) without_gradient = {"gru.weight_hh_l0_reverse"};
  EXPECT_EQ(TrainOneEpoch(GetParam(), "correct").stayed, without_gradient);
}

INSTANTIATE_TEST_SUITE_P(Models, CorrectProtocol, testing::Values("cnn", "crnn1d", "crnn2d", "rnn"),
                         [](const auto& name) { return std::string(name.param); });

// What the study's optimiser never saw, by the state_dict's names (reference: the study's code
// makes these layers in the first forward pass).
struct ForgottenByTheStudy {
  std::string model;
  std::vector<std::string> names;
};

void PrintTo(const ForgottenByTheStudy& row, std::ostream* out) {
  *out << row.model;
}

class PublishedProtocol : public TrainedTest,
                          public testing::WithParamInterface<ForgottenByTheStudy> {};

TEST_P(PublishedProtocol, LeavesExactlyTheForgottenLayersAndMovesEveryRunningStatistic) {
  const Trained trained = TrainOneEpoch(GetParam().model, "published");
  EXPECT_THAT(trained.stayed, testing::UnorderedElementsAreArray(GetParam().names));
  for (const auto& buffer : trained.before->named_buffers()) {
    EXPECT_FALSE(buffer.value().equal(trained.after.at(buffer.key()))) << buffer.key();
  }
}

// Of one recurrent layer; suffixes: "" forwards, "_reverse" backwards.
std::vector<std::string> RecurrentParameters(const std::string& name,
                                             const std::vector<std::string>& suffixes = {""}) {
  std::vector<std::string> names;
  for (const std::string& suffix : suffixes) {
    for (const char* part : {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}) {
      names.push_back(name + "." + part + suffix);
    }
  }
  return names;
}

std::vector<std::string> Joined(std::vector<std::string> names,
                                const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(
    Models, PublishedProtocol,
    testing::Values(
        ForgottenByTheStudy{"cnn",
                            {"fc1.weight", "fc1.bias", "bn_fc1.weight", "bn_fc1.bias", "fc2.weight",
                             "fc2.bias", "bn_fc2.weight", "bn_fc2.bias", "fc3.weight", "fc3.bias"}},
        ForgottenByTheStudy{"crnn1d",
                            Joined(Joined({"conv1.weight", "conv1.bias", "fc.weight", "fc.bias"},
                                          RecurrentParameters("gru1")),
                                   RecurrentParameters("gru2"))},
        ForgottenByTheStudy{"crnn2d", Joined({"fc.weight", "fc.bias"},
                                             RecurrentParameters("gru", {"", "_reverse"}))},
        ForgottenByTheStudy{"rnn", RecurrentParameters("lstm1")}),
    [](const auto& row) { return row.param.model; });

// Whatever the test's songs sound like, and whatever they are called: a training that has seen one
// slice of them gives another curve.
TEST_F(TrainedTest, TheSongsOfTheTestChangeNothingOfTheTraining) {
  const auto curve_with = [&](float of_test_songs) {
    const Json line = MakeTinyJob(folder_.path());
    std::vector<float> values = TinySpectrograms(12);
    const std::size_t song = values.size() / 12;
    for (const Json& id : line["split"]["test"]) {
      const auto first = id.get<std::size_t>() * song;
      std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(first), song, of_test_songs);
    }
    WriteTinyShard(folder_ / "shard.safetensors", values, 12, FeatureSpecHash(TinyFeatures()));
    EXPECT_EQ(Run(line)["event"], "result");
    Json curve = Json::array();
    for (Json event : events_) {
      if (event["event"] != "epoch") continue;
      event.erase("seconds");
      curve.push_back(event);
    }
    return curve;
  };
  const Json curve = curve_with(0);
  EXPECT_EQ(curve.size(), 4U);
  EXPECT_EQ(curve, curve_with(0.5F));
}

}  // namespace
}  // namespace tutti
