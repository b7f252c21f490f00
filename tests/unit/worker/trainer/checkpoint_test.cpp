#include "worker/trainer/checkpoint.h"

#include <fstream>

#include <gtest/gtest.h>

#include "common/safetensors.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "worker/models/registry.h"

namespace tutti {
namespace {

std::shared_ptr<Model> Make(const std::string& name, std::uint64_t seed) {
  torch::manual_seed(seed);
  return *MakeModel(name, {128, 43, 10});
}

TEST(Checkpoint, GivesBackEveryTensorBitForBit) {
  const TempDir folder;
  for (const ModelEntry& entry : Models()) {
    const auto path = folder / (entry.name + ".safetensors");
    const Weights saved = WeightsOf(*Make(entry.name, 1));
    ASSERT_TRUE(IsOk(SaveCheckpoint(path, saved, {{"format", "pt"}})));
    const auto read = ReadCheckpoint(path);
    ASSERT_TRUE(IsOk(read));
    const auto other = Make(entry.name, 2);
    ASSERT_TRUE(IsOk(LoadWeights(*read, *other)));
    for (const auto& [name, tensor] : WeightsOf(*other)) {
      EXPECT_TRUE(tensor.equal(saved.at(name))) << entry.name << " " << name;
    }
  }
}

TEST(Checkpoint, WeightsAreCopiesAndStayAsTheyWere) {
  const auto model = Make("rnn", 1);
  const Weights before = WeightsOf(*model);
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : model->parameters()) parameter.zero_();
  EXPECT_GT(before.at("fc.weight").abs().sum().item<double>(), 0);
}

TEST(Checkpoint, CarriesItsMetadata) {
  const TempDir folder;
  ASSERT_TRUE(IsOk(SaveCheckpoint(folder / "a", WeightsOf(*Make("rnn", 1)), {{"seed", "333"}})));
  const auto file = SafetensorsFile::Open(folder / "a");
  ASSERT_TRUE(IsOk(file));
  EXPECT_EQ((*file)->metadata().at("seed"), "333");
}

TEST(Checkpoint, WeightsOfAnotherModelAreRefusedByName) {
  const auto rnn = Make("rnn", 1);
  Weights weights = WeightsOf(*rnn);
  weights.erase("fc.bias");
  EXPECT_TRUE(FailsWith(LoadWeights(weights, *rnn), ErrorCode::kInvalidArgument,
                        "tensor fc.bias is missing"));
  weights["fc.bias"] = torch::zeros({11});
  EXPECT_TRUE(FailsWith(LoadWeights(weights, *rnn), ErrorCode::kInvalidArgument,
                        "fc.bias has another shape"));
  weights["fc.bias"] = torch::zeros({10});
  weights["conv9.weight"] = torch::zeros({1});
  EXPECT_TRUE(FailsWith(LoadWeights(weights, *rnn), ErrorCode::kInvalidArgument, "1 tensors that"));
}

TEST(Checkpoint, AFileOfAnotherKindIsRefused) {
  const TempDir folder;
  std::ofstream(folder / "a") << "not a checkpoint";
  EXPECT_TRUE(FailsWith(ReadCheckpoint(folder / "a"), ErrorCode::kDataLoss, ""));
  EXPECT_TRUE(FailsWith(ReadCheckpoint(folder / "none"), ErrorCode::kNotFound, "none"));
}

}  // namespace
}  // namespace tutti
