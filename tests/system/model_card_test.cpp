// The card beside a checkpoint: what it tells, and its Python lines, run as they stand there.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

std::string Contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ModelCard, TellsWhatMadeTheWeightsAndItsPythonLoadsThem) {
  Cluster cluster;
  cluster.StartWorker("one", 2);
  cluster.AddTinyMusic();
  TinySweep sweep;
  sweep.name = "tiny";
  sweep.models = "[rnn]";
  sweep.epochs = 2;
  const std::string file = cluster.SweepFile(TinySweepFile(sweep));
  ASSERT_EQ(cluster.Tutti({"submit", file, "--wait"}).code(), 0);
  std::string id;
  for (const Json& job : cluster.TuttiJson({"jobs", "tiny"})) {
    if (job["kind"] == "train") id = std::to_string(job["id"].get<int>());
  }
  const Json got =
      cluster.TuttiJson({"checkpoint", "get", id, cluster.path("best.safetensors").string()});
  const std::string card = Contents(got["card"].get<std::string>());
  EXPECT_THAT(card, HasSubstr("job " + id + " of sweep tiny"));
  EXPECT_THAT(card, HasSubstr(got["blob_hash"].get<std::string>()));
  EXPECT_THAT(card, HasSubstr("bell, buzz, hiss"));
  EXPECT_THAT(card, HasSubstr("f1_macro"));
  EXPECT_THAT(card, HasSubstr("training.epochs"));

  const std::string begin = "```python\n";
  const std::size_t at = card.find(begin);
  ASSERT_NE(at, std::string::npos) << card;
  const std::string code =
      card.substr(at + begin.size(), card.find("```", at + 3) - at - begin.size());
  WriteFile(cluster.path("load.py"),
            "import os\nos.chdir('" + cluster.path("").string() + "')\n" + code);
  const Outcome python = RunBinary(std::string(TUTTI_SOURCE_DIR) + "/tests/golden/python.sh",
                                   {cluster.path("load.py")});
  ASSERT_EQ(python.code(), 0) << testing::PrintToString(python);
  EXPECT_THAT(python.out, testing::StartsWith("rnn [\"bell\",\"buzz\",\"hiss\"]"));
}

}  // namespace
}  // namespace tutti
