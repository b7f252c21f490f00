#include "worker/trainer/evaluate.h"

#include <memory>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/trainer/tiny_job.h"
#include "worker/models/registry.h"
#include "worker/trainer/adam.h"
#include "worker/trainer/checkpoint.h"
#include "worker/trainer/train_step.h"

namespace tutti {
namespace {

// The tiny job's songs in slices that begin at every frame: 540 of them, more than four batches.
class EvaluateTest : public testing::Test {
 protected:
  // As TrainRun does: until it is told a number of threads, MKL may pick one for each product.
  static void SetUpTestSuite() { torch::set_num_threads(2); }

  void SetUp() override {
    const auto job = ParseTrainJob(MakeTinyJob(folder_.path()));
    ASSERT_TRUE(IsOk(job));
    job_ = std::make_unique<TrainJob>(*job);
    const auto features = Features::Open(*job_);
    ASSERT_TRUE(IsOk(features));
    features_ = std::make_unique<Features>(*features);
    grid_ = {43, 1, features_->frames() - 43 + 1};
    tracks_.resize(job_->tracks.size());
    std::iota(tracks_.begin(), tracks_.end(), 0);
    // On the CPU, where it can be compared with batches that are made there.
    on_device_ = std::make_unique<DeviceFeatures>(*features_, *job_, grid_, device_);
  }

  std::shared_ptr<Model> Make(const char* model) const {
    torch::manual_seed(333);
    return *MakeModel(model, {features_->n_mels(), grid_.frames, 2});
  }

  SongBatches Batches(const DeviceFeatures* on_device) const {
    return SongBatches({tracks_, grid_, *features_, *job_, on_device}, device_);
  }

  Weights TrainThreeSteps(const DeviceFeatures* on_device) const {
    const auto model = Make("rnn");
    model->train();
    Adam adam(model->parameters(), {});
    DropoutStream masks(333);
    const auto step =
        MakePlainStep({*model, adam, masks, *job_, *features_, grid_, device_, on_device});
    const std::vector<Slice> slices = SlicesOf(tracks_, grid_);
    for (std::size_t at : {0, 100, 300}) step->Run(std::span(slices).subspan(at, 16));
    EXPECT_EQ(step->TakeSums().slices, 48);
    return WeightsOf(*model);
  }

  const TempDir folder_;
  const torch::Device device_ = torch::kCPU;
  std::unique_ptr<TrainJob> job_;
  std::unique_ptr<Features> features_;
  SliceGrid grid_;
  std::vector<std::size_t> tracks_;
  std::unique_ptr<DeviceFeatures> on_device_;
};

TEST_F(EvaluateTest, BatchesHoldEverySliceOnce) {
  const SongBatches batches = Batches(nullptr);
  ASSERT_EQ(batches.count(), 5U);
  std::int64_t slices = 0;
  for (std::size_t i = 0; i < batches.count(); ++i) {
    const Batch batch = batches.Cut(i);
    EXPECT_EQ(batch.labels.size(0), batch.slices.size(0));
    slices += batch.slices.size(0);
  }
  EXPECT_EQ(slices, 540);
}

TEST_F(EvaluateTest, BatchesCutOutOnTheDeviceAreTheSame) {
  const SongBatches made = Batches(nullptr);
  const SongBatches cut = Batches(on_device_.get());
  ASSERT_EQ(made.count(), cut.count());
  for (std::size_t i = 0; i < made.count(); ++i) {
    EXPECT_TRUE(made.Cut(i).slices.equal(cut.Cut(i).slices)) << i;
    EXPECT_TRUE(made.Cut(i).labels.equal(cut.Cut(i).labels)) << i;
  }
}

// The loss and the votes as they are defined, from one slice after another.
TEST_F(EvaluateTest, LossAndVotesAreThoseOfTheSlicesOneByOne) {
  const auto model = Make("rnn");
  const Evaluation evaluation = Evaluate(*model, Batches(nullptr));
  EXPECT_TRUE(model->is_training());
  model->eval();
  const torch::NoGradGuard no_grad;
  double loss = 0;
  std::int64_t hits = 0;
  std::vector<std::int64_t> classes;
  for (const Slice& slice : SlicesOf(tracks_, grid_)) {
    const Batch one = GatherBatch(std::span(&slice, 1), grid_, *features_, *job_);
    const torch::Tensor logits = model->Forward(one.slices);
    loss += torch::nn::functional::cross_entropy(logits, one.labels).item<double>();
    classes.push_back(logits.argmax(1).item<std::int64_t>());
    hits += classes.back() == one.labels.item<std::int64_t>() ? 1 : 0;
  }
  const auto slices = static_cast<double>(classes.size());
  EXPECT_NEAR(evaluation.loss, loss / slices, 1e-5);
  EXPECT_EQ(evaluation.slice_accuracy, static_cast<double>(hits) / slices);
  const std::vector<SongPrediction> songs = Vote(Batches(nullptr).songs(), classes);
  ASSERT_EQ(evaluation.songs.size(), songs.size());
  for (std::size_t song = 0; song < songs.size(); ++song) {
    EXPECT_EQ(evaluation.songs[song].track, song);
    EXPECT_EQ(evaluation.songs[song].votes, songs[song].votes) << song;
    EXPECT_EQ(evaluation.songs[song].predicted, songs[song].predicted) << song;
  }
}

TEST_F(EvaluateTest, FeaturesOnTheDeviceGiveTheSameScoresToTheBit) {
  for (const char* name : {"crnn1d", "rnn"}) {
    const auto model = Make(name);
    const Evaluation carried = Evaluate(*model, Batches(nullptr));
    const Evaluation on_device = Evaluate(*model, Batches(on_device_.get()));
    EXPECT_EQ(carried.loss, on_device.loss) << name;
    EXPECT_EQ(carried.slice_accuracy, on_device.slice_accuracy) << name;
    for (std::size_t song = 0; song < tracks_.size(); ++song) {
      EXPECT_EQ(carried.songs[song].votes, on_device.songs[song].votes) << name << ' ' << song;
    }
  }
}

TEST_F(EvaluateTest, FeaturesOnTheDeviceTrainTheSameWeightsToTheBit) {
  const Weights carried = TrainThreeSteps(nullptr);
  const Weights on_device = TrainThreeSteps(on_device_.get());
  for (const auto& [name, tensor] : carried) {
    EXPECT_TRUE(tensor.equal(on_device.at(name))) << name;
  }
}

}  // namespace
}  // namespace tutti
