// From a finished sweep to the class of a new track, and its weights as a file of one's own.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

// Reads a safetensors file by the format's own description, without Tutti's code or a library.
constexpr char kReadInPython[] = R"(
import json, struct, sys
with open(sys.argv[1], "rb") as source:
    size, = struct.unpack("<Q", source.read(8))
    header = json.loads(source.read(size))
    data = source.read()
metadata = header.pop("__metadata__")
end = max(tensor["data_offsets"][1] for tensor in header.values())
bias = header["fc.bias"]["data_offsets"]
print(json.dumps({
    "whole": end == len(data),
    "model": metadata["model"],
    "classes": json.loads(metadata["classes"]),
    "dtypes": sorted({tensor["dtype"] for tensor in header.values()}),
    "bias": struct.unpack("<3f", data[bias[0]:bias[1]]),
    "shapes": {name: tensor["shape"] for name, tensor in header.items()},
}))
)";

// Tracks that no run has heard: the dataset has ten of each class.
class Predict : public testing::Test {
 protected:
  Predict() {
    TinyMusic more;
    more.tracks_per_class = 11;
    WriteTinyMusic(cluster_.path("new"), more);
  }

  // A sweep over tiny music, done.
  void Sweep(const std::string& name, const std::string& further_lines = "", int epochs = 40) {
    TinySweep sweep;
    sweep.name = name;
    sweep.models = "[rnn]";
    sweep.epochs = epochs;
    sweep.more = further_lines;
    const std::string file = cluster_.SweepFile(TinySweepFile(sweep), name + ".yaml");
    const Outcome ended = cluster_.Tutti({"submit", file, "--wait"});
    ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended);
  }
  void StartWithSweep(const std::string& further_lines = "") {
    cluster_.StartWorker("one", 2);
    cluster_.AddTinyMusic();
    Sweep("tiny", further_lines);
  }

  std::string Track(const std::string& name) const {
    return cluster_.path("new/" + name + "/" + name + ".10.wav");
  }
  Json TrainJobs(const std::string& sweep) {
    Json jobs = Json::array();
    for (const Json& job : cluster_.TuttiJson({"jobs", sweep})) {
      if (job["kind"] == "train") jobs.push_back(job);
    }
    return jobs;
  }
  std::string RefusalOf(std::vector<std::string> arguments) {
    const Outcome refused = cluster_.Tutti(std::move(arguments));
    EXPECT_EQ(refused.code(), 2) << testing::PrintToString(refused);
    return refused.err;
  }

  Cluster cluster_;
};

TEST_F(Predict, NamesTheClassesOfNewTracks) {
  StartWithSweep();
  const std::vector<std::string> names{"hiss", "bell", "buzz"};
  std::vector<std::string> arguments{"predict"};
  for (const std::string& name : names) arguments.push_back(Track(name));
  const Json told = cluster_.TuttiJson(arguments);
  EXPECT_EQ(told["checkpoint"]["sweep"], "tiny");
  EXPECT_EQ(told["checkpoint"]["model"], "rnn");
  ASSERT_EQ(told["predictions"].size(), 3U) << told;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Json& row = told["predictions"][i];
    EXPECT_EQ(row["audio"], Track(names[i]));
    EXPECT_EQ(row["predicted"], names[i]) << row;
    EXPECT_EQ(row["slices"], 3);
    ASSERT_EQ(row["classes"].size(), 3U);
    EXPECT_EQ(row["classes"][0]["class"], names[i]);
    double probability = 0;
    double share = 0;
    for (const Json& score : row["classes"]) {
      probability += score["probability"].get<double>();
      share += score["share"].get<double>();
    }
    EXPECT_NEAR(probability, 1, 1e-9);
    EXPECT_NEAR(share, 1, 1e-9);
  }

  arguments.push_back("--quiet");
  EXPECT_EQ(cluster_.Tutti(arguments, "reader").out, "hiss\nbell\nbuzz\n");
  const Outcome table = cluster_.Tutti({"predict", Track("buzz")});
  EXPECT_THAT(table.out, HasSubstr("buzz.10.wav: buzz"));
  EXPECT_LT(table.out.find("| buzz"), table.out.find("| bell"));
  EXPECT_EQ(cluster_.Tutti({"predict", Track("buzz")}, "worker").code(), 4);
}

TEST_F(Predict, TakesTheBestRunOfASweepUnlessOneIsNamed) {
  StartWithSweep();
  // Newer, and it has learnt next to nothing.
  Sweep("hasty", "", 1);
  const auto job_of = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"predict", Track("bell")});
    return cluster_.TuttiJson(more)["checkpoint"]["job"].get<std::int64_t>();
  };
  const auto best_of = [&](const std::string& sweep) {
    const Json jobs = TrainJobs(sweep);
    const bool second_is_better = jobs[1]["f1_macro"] > jobs[0]["f1_macro"];
    return jobs[second_is_better ? 1 : 0]["id"].get<std::int64_t>();
  };
  EXPECT_EQ(job_of({}), best_of("hasty"));
  EXPECT_EQ(job_of({"--sweep", "tiny"}), best_of("tiny"));
  for (const Json& job : TrainJobs("tiny")) {
    const auto id = job["id"].get<std::int64_t>();
    EXPECT_EQ(job_of({"--job", std::to_string(id)}), id);
  }
  RefusalOf({"predict", Track("bell"), "--job", "1", "--sweep", "tiny"});
}

TEST_F(Predict, ACheckpointIsAFileThatPythonReadsAndThatNeedsNoCoordinator) {
  StartWithSweep();
  const Json job = TrainJobs("tiny")[0];
  const std::string id = std::to_string(job["id"].get<int>());
  const std::string file = cluster_.path("best.safetensors");
  const Json got = cluster_.TuttiJson({"checkpoint", "get", id, file});
  const Json artifact = cluster_.TuttiJson({"show", id})["artifacts"][0];
  EXPECT_EQ(got["blob_hash"], artifact["blob_hash"]);
  EXPECT_EQ(got["size_bytes"], std::filesystem::file_size(file));
  const auto hash = Sha256HexOfFile(file);
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(got["blob_hash"], *hash);

  WriteFile(cluster_.path("read.py"), kReadInPython);
  const Outcome python = RunBinary("/usr/bin/env", {"python3", cluster_.path("read.py"), file});
  ASSERT_EQ(python.code(), 0) << testing::PrintToString(python);
  const Json read = python.json();
  EXPECT_EQ(read["whole"], true);
  EXPECT_EQ(read["model"], "rnn");
  EXPECT_EQ(read["classes"], (Json{"bell", "buzz", "hiss"}));
  EXPECT_EQ(read["dtypes"], Json{"F32"});
  const Json shapes{{"lstm1.weight_ih_l0", {256, 128}},
                    {"lstm1.weight_hh_l0", {256, 64}},
                    {"lstm1.bias_ih_l0", {256}},
                    {"lstm1.bias_hh_l0", {256}},
                    {"lstm2.weight_ih_l0", {256, 64}},
                    {"lstm2.weight_hh_l0", {256, 64}},
                    {"lstm2.bias_ih_l0", {256}},
                    {"lstm2.bias_hh_l0", {256}},
                    {"fc.weight", {3, 64}},
                    {"fc.bias", {3}}};
  EXPECT_EQ(read["shapes"], shapes);

  const Json by_job = cluster_.TuttiJson({"predict", Track("hiss"), "--job", id});
  cluster_.StopCoordinator();
  const Outcome by_file =
      RunBinary("tutti", {"predict", Track("hiss"), "--checkpoint", file, "--json"});
  ASSERT_EQ(by_file.code(), 0) << testing::PrintToString(by_file);
  EXPECT_EQ(by_file.json()["predictions"], by_job["predictions"]);
  EXPECT_EQ(by_file.json()["checkpoint"]["job"], nullptr);
}

TEST_F(Predict, WhatCannotBeHeardIsNamedAndTheRestIsPredicted) {
  StartWithSweep();
  const std::string broken = cluster_.path("broken.wav");
  WriteFile(broken, "this is no audio at all");
  const Outcome both = cluster_.Tutti({"predict", broken, Track("bell"), "--json"});
  EXPECT_EQ(both.code(), 2);
  EXPECT_THAT(both.err, HasSubstr("broken.wav"));
  const Json told = both.json();
  ASSERT_EQ(told["predictions"].size(), 1U);
  EXPECT_EQ(told["predictions"][0]["predicted"], "bell");
  EXPECT_EQ(told["undecodable"][0]["audio"], broken);
  EXPECT_THAT(RefusalOf({"predict", broken}), HasSubstr("broken.wav"));
  EXPECT_THAT(RefusalOf({"predict", cluster_.path("none.wav")}), HasSubstr("none.wav"));
  EXPECT_THAT(RefusalOf({"predict", Track("bell"), "--checkpoint", broken}),
              HasSubstr("broken.wav"));
  // A cut copy is noticed.
  const std::string file = cluster_.path("best.safetensors");
  const std::string id = std::to_string(TrainJobs("tiny")[0]["id"].get<int>());
  ASSERT_EQ(cluster_.Tutti({"checkpoint", "get", id, file, "--quiet"}).code(), 0);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_THAT(RefusalOf({"predict", Track("bell"), "--checkpoint", file}),
              HasSubstr("best.safetensors"));
}

TEST_F(Predict, WeightsThatNobodyKeptAreAskedForByTheirOption) {
  EXPECT_THAT(RefusalOf({"predict", Track("bell")}), HasSubstr("no sweep has a finished run"));
  StartWithSweep("keep_weights: none\n");
  const std::string id = std::to_string(TrainJobs("tiny")[0]["id"].get<int>());
  const std::string file = cluster_.path("best.safetensors");
  EXPECT_THAT(RefusalOf({"predict", Track("bell")}), HasSubstr("keep_weights: best"));
  EXPECT_THAT(RefusalOf({"checkpoint", "get", id, file}), HasSubstr("keep_weights: best"));
  EXPECT_THAT(RefusalOf({"checkpoint", "get", id, file, "--which", "last"}),
              HasSubstr("keep_weights: last"));
  EXPECT_FALSE(std::filesystem::exists(file));
  RefusalOf({"checkpoint", "get", "999999", file});
  RefusalOf({"predict", Track("bell"), "--sweep", "nothing"});
  for (const Json& job : cluster_.TuttiJson({"jobs", "tiny"})) {
    if (job["kind"] != "preprocess") continue;
    const std::string preprocess = std::to_string(job["id"].get<int>());
    EXPECT_THAT(RefusalOf({"checkpoint", "get", preprocess, file}), HasSubstr("preprocess"));
  }

  Sweep("last", "keep_weights: last\n", 1);
  EXPECT_EQ(cluster_.TuttiJson({"predict", Track("bell")})["checkpoint"]["weights"], "last");
  const std::string last = std::to_string(TrainJobs("last")[0]["id"].get<int>());
  EXPECT_EQ(cluster_.Tutti({"checkpoint", "get", last, file, "--which", "last"}).code(), 0);
  EXPECT_TRUE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace tutti
