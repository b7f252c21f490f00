#include "coordinator/sweep_file/sweep_file.h"

#include <gtest/gtest.h>

#include "coordinator/sweep_file/yaml_tree.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

const std::string kSmall = R"(name: small
dataset: gtzan
grid:
  model: [crnn1d, rnn]
  slice_seconds: [1, 3]
  seed: [333, 123]
)";

std::string MessageOf(const std::string& text) {
  const auto spec = ParseSweepFile(text, "s.yaml");
  return spec.ok() ? "no error" : spec.error().message;
}

TEST(SweepFile, ASmallFileGetsEveryDefault) {
  const auto spec = ParseSweepFile(kSmall, "s.yaml");
  ASSERT_TRUE(IsOk(spec));
  EXPECT_EQ(spec->name, "small");
  EXPECT_EQ(spec->dataset, "gtzan");
  ASSERT_EQ(spec->axes.size(), 3u);
  EXPECT_EQ(spec->axes[0], (Axis{"model", {"crnn1d", "rnn"}}));
  EXPECT_EQ(spec->options["training"]["epochs"], 300);
  EXPECT_EQ(spec->options["training"]["patience"], 10);
  EXPECT_EQ(spec->options["training"]["batch_size"], 16);
  EXPECT_EQ(spec->options["training"]["overlap"], 0.5);
  EXPECT_EQ(spec->options["training"]["learning_rate"], 0.001);
  EXPECT_EQ(spec->options["features"]["clip_seconds"], 30);
  EXPECT_EQ(spec->options["split"]["kind"], "stratified");
  EXPECT_EQ(spec->options["protocol"], "correct");
  EXPECT_TRUE(spec->options["model"].is_null());
  EXPECT_EQ(spec->operational, OperationalOptions{});
}

TEST(SweepFile, TheWholeExampleOfTheDesignIsRead) {
  const auto spec = ParseSweepFile(R"(
name: gtzan-baseline
dataset: gtzan
grid:
  model: [cnn, crnn2d, crnn1d, rnn]
  slice_seconds: [1, 3, 5, 10]
  seed: [333, 123, 223]
exclude: [{model: rnn, slice_seconds: 10}]
training: {epochs: 300, patience: 10, batch_size: 16, overlap: 0.5, learning_rate: 0.001}
features: {clip_seconds: 30, sample_rate_hz: 22050, n_fft: 2048, hop: 512, n_mels: 128}
split: {kind: stratified, test: 0.1, validation: 0.1, duplicates: keep}
classes: all
protocol: correct
precision: float32
threads: 1
deterministic: false
keep_weights: best
resources: {gpus: auto}
max_attempts: 3
time_limit: 4h
priority: 0
)",
                                   "s.yaml");
  ASSERT_TRUE(IsOk(spec));
  const auto runs = ExpandRuns(*spec, "v");
  ASSERT_TRUE(IsOk(runs));
  EXPECT_EQ(runs->size(), 45u);  // 48 less three seeds of rnn at 10 s
}

TEST(SweepFile, AnUnknownKeyIsToldWithItsLineAndTheNearestWord) {
  EXPECT_EQ(MessageOf(kSmall + "training: {epoch: 3}\n"),
            "s.yaml:7: training: unknown key \"epoch\", did you mean \"epochs\"?");
  EXPECT_EQ(MessageOf(kSmall + "trainin: {epochs: 3}\n"),
            "s.yaml:7: unknown key \"trainin\", did you mean \"training\"?");
  EXPECT_EQ(MessageOf(kSmall + "epochs: 3\n"),
            "s.yaml:7: unknown key \"epochs\", it belongs under training");
}

TEST(SweepFile, AWrongTypeIsToldWithWhatWasExpected) {
  EXPECT_EQ(MessageOf(kSmall + "training: {epochs: many}\n"),
            "s.yaml:7: training.epochs: expected a whole number from 1 to 1000000, got \"many\"");
  EXPECT_EQ(MessageOf(kSmall + "deterministic: 1\n"),
            "s.yaml:7: deterministic: expected true or false, got 1");
}

TEST(SweepFile, AnEmptyAxisIsRefused) {
  EXPECT_EQ(
      MessageOf("name: a\ndataset: d\ngrid:\n  model: []\n  slice_seconds: [1]\n  seed: [1]\n"),
      "s.yaml:4: grid: model: the list is empty; give at least one value");
}

TEST(SweepFile, AValueTwiceIsRefused) {
  EXPECT_EQ(
      MessageOf("name: a\ndataset: d\nmodel: rnn\nslice_seconds: 1\ngrid:\n  seed: [1, 2, 1]\n"),
      "s.yaml:6: grid: seed: 1 stands there twice");
}

TEST(SweepFile, AnUnknownModelIsToldWithTheKnownOnes) {
  EXPECT_EQ(
      MessageOf("name: a\ndataset: d\nslice_seconds: 1\nseed: 1\ngrid:\n  model: [crnn2]\n"),
      "s.yaml:6: grid: model: expected one of cnn, crnn2d, crnn1d, rnn, got \"crnn2\", did you "
      "mean \"crnn2d\"?");
}

TEST(SweepFile, ASliceOverTheClipOrTooShortIsRefused) {
  EXPECT_EQ(MessageOf(kSmall + "features: {clip_seconds: 2}\n"),
            "s.yaml:5: slice_seconds: 3 is longer than the clip of 2.0 s (features.clip_seconds)");
  EXPECT_EQ(MessageOf("name: a\ndataset: d\nmodel: rnn\nslice_seconds: 0.3\nseed: 1\n"),
            "s.yaml:4: slice_seconds: 0.3 is 12 frames, expected at least 16");
}

TEST(SweepFile, AllFindingsAreToldInTheOrderOfTheirLines) {
  EXPECT_EQ(MessageOf("name: a\ndataset: d\nmodel: rnx\nslice_seconds: 1\nseed: -1\ncolour: red\n"),
            "s.yaml:3: model: expected one of cnn, crnn2d, crnn1d, rnn, got \"rnx\", did you mean "
            "\"rnn\"?\n"
            "s.yaml:5: seed: expected a whole number from 0 to 4294967295, got -1\n"
            "s.yaml:6: unknown key \"colour\"");
}

TEST(SweepFile, WhatIsMissingIsNamed) {
  EXPECT_EQ(MessageOf("dataset: d\nmodel: rnn\nslice_seconds: 1\n"),
            "s.yaml:1: \"name\" is missing: every sweep has a name, by which it is found again\n"
            "s.yaml:1: \"seed\" is missing: give it under grid, or one value at top level");
}

TEST(SweepFile, OneValueOptionsMayStandAtTopLevel) {
  const auto spec =
      ParseSweepFile("name: a\ndataset: d\nmodel: rnn\nslice_seconds: 1\nseed: 7\n", "s.yaml");
  ASSERT_TRUE(IsOk(spec));
  EXPECT_TRUE(spec->axes.empty());
  EXPECT_EQ(ExpandRuns(*spec, "v")->size(), 1u);
}

TEST(SweepFile, AnyOptionMayBeAnAxisByShortNameOrPath) {
  const auto spec = ParseSweepFile(kSmall + "training: {epochs: 5}\n", "s.yaml");
  ASSERT_TRUE(IsOk(spec));
  const auto with_axis = ParseSweepFile(
      "name: a\ndataset: d\nmodel: rnn\nslice_seconds: 1\nseed: 1\ngrid:\n  learning_rate: [0.1, "
      "0.01]\n  training.overlap: [0, 0.5]\n",
      "s.yaml");
  ASSERT_TRUE(IsOk(with_axis));
  EXPECT_EQ(with_axis->axes[0].path, "training.learning_rate");
  EXPECT_EQ(with_axis->axes[1].path, "training.overlap");
  EXPECT_EQ(ExpandRuns(*with_axis, "v")->size(), 4u);
}

TEST(SweepFile, AnIncludedRunMustGiveEveryAxis) {
  EXPECT_EQ(MessageOf(kSmall + "include: [{model: cnn, seed: 1}]\n"),
            "s.yaml:7: include: run 1 gives no value for slice_seconds, which the grid varies");
}

TEST(SweepFile, WhatThisReleaseCannotRunIsSaid) {
  EXPECT_NE(MessageOf(kSmall + "runner: {command: [sh], files: mine}\n").find("s.yaml:7: runner:"),
            std::string::npos);
  EXPECT_NE(MessageOf(kSmall + "precision: fp16\n").find("one of float32, tf32, bf16"),
            std::string::npos);
}

TEST(SweepFile, TextThatIsNoYamlIsToldWithItsLine) {
  EXPECT_NE(MessageOf("name: [a\ndataset: d\n").find("s.yaml:"), std::string::npos);
  EXPECT_NE(MessageOf("name: [a\ndataset: d\n").find("not valid YAML"), std::string::npos);
  EXPECT_NE(MessageOf("").find("expected one YAML document, got none"), std::string::npos);
  EXPECT_NE(MessageOf("name: a\n---\nname: b\n").find("s.yaml:2: not valid YAML: expected one"),
            std::string::npos);
  EXPECT_NE(MessageOf(",: 1\n").find("not valid YAML"), std::string::npos);
  EXPECT_NE(MessageOf("- a\n- b\n").find("expected keys"), std::string::npos);
  EXPECT_NE(MessageOf("name: a\nname: b\n").find("s.yaml:2: the key \"name\" stands here twice"),
            std::string::npos);
}

TEST(SweepFile, TextThatIsNoUtf8IsToldWithItsLine) {
  EXPECT_NE(MessageOf("name: a\ngrid:\n  model: [Bj\xf6rk]\n")
                .find("s.yaml:3: expected text in UTF-8, got Bj<F6>rk"),
            std::string::npos);
  EXPECT_NE(MessageOf("name: a\nBj\xf6rk: 1\n").find("s.yaml:2: expected text in UTF-8"),
            std::string::npos);
  EXPECT_NE(MessageOf("name: a\nmodel: \"\\uD800\"\n").find("s.yaml:2: "), std::string::npos);
}

TEST(SweepFile, AnAliasBombIsRefused) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char level = 'b'; level < 'i'; ++level) {
    const std::string before(1, static_cast<char>(level - 1));
    bomb += std::string(1, level) + ": &" + level + " [";
    for (int i = 0; i < 10; ++i) bomb += (i > 0 ? ",*" : "*") + before;
    bomb += "]\n";
  }
  const std::string why = "more than " + std::to_string(kMaxYamlNodes) + " values";
  EXPECT_NE(MessageOf(bomb).find(why), std::string::npos);
}

TEST(SweepFile, NestingDeeperThanTheLimitIsRefused) {
  const std::string deep = "name: " + std::string(kMaxYamlDepth + 1, '[') + "1" +
                           std::string(kMaxYamlDepth + 1, ']') + "\n";
  EXPECT_NE(MessageOf(deep).find("nested deeper than 32 levels"), std::string::npos);
  // What would overflow a parser's stack is an error too.
  EXPECT_NE(MessageOf("name: " + std::string(500'000, '[')), "no error");
}

}  // namespace
}  // namespace tutti
