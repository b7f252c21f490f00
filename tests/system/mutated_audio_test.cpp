// Two thousand damaged audio files through a real worker: each gives features or a named error, no
// job fails, and no process but a runner ever sees their bytes.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

constexpr int kFiles = 2'000;

// Small files of every format that is read, well-formed ones and others.
std::map<std::string, std::string> Seeds() {
  std::map<std::string, std::string> seeds;
  const std::filesystem::path corpus = TUTTI_SOURCE_DIR "/tests/fuzz/corpus/audio";
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    std::string bytes = ReadWholeFile(entry.path());
    if (!bytes.empty()) seeds[entry.path().filename().string()] = std::move(bytes);
  }
  return seeds;
}

// The same numbers from the same seed, on every machine.
class Mutator {
 public:
  std::string Damage(std::string bytes) {
    const std::size_t times = 1 + Below(4);
    for (std::size_t i = 0; i < times; ++i) Once(bytes);
    return bytes;
  }
  std::size_t Below(std::size_t n) { return random_() % n; }

 private:
  void Once(std::string& bytes) {
    if (bytes.empty()) bytes.assign(1, 'R');
    // Headers are where it hurts.
    const std::size_t at =
        Below(Below(2) == 0 ? std::min<std::size_t>(bytes.size(), 64) : bytes.size());
    const std::size_t count = std::min(bytes.size() - at, 1 + Below(16));
    switch (Below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8)));
        break;
      case 1:
        for (std::size_t i = at; i < at + count; ++i) bytes[i] = static_cast<char>(Below(256));
        break;
      case 2:
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count,
                    Below(2) == 0 ? '\xff' : '\0');
        break;
      case 3:
        bytes.resize(at);
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, count));
        break;
      default:
        bytes.erase(at, count);
    }
  }

  std::mt19937 random_{20'261'124};
};

// root/one, root/two: half of the files each, no two with the same bytes.
void WriteDamagedMusic(const std::filesystem::path& root) {
  const auto seeds = Seeds();
  Mutator mutator;
  std::set<std::string> written;
  while (written.size() < kFiles) {
    auto seed = seeds.begin();
    std::advance(seed, static_cast<std::ptrdiff_t>(mutator.Below(seeds.size())));
    const std::string bytes = mutator.Damage(seed->second);
    if (bytes.empty() || written.contains(bytes)) continue;
    const std::size_t i = written.size();
    WriteFile(root / (i % 2 == 0 ? "one" : "two") / (std::to_string(i) + "." + seed->first), bytes);
    written.insert(bytes);
  }
}

// A machine with much else to do hands back what it had taken ahead, before it starts; nothing
// crashed or hung.
void ExpectNoneBroke(Cluster& cluster, const Json& job) {
  const Json shown = cluster.TuttiJson({"show", std::to_string(job["id"].get<int>())});
  for (const Json& attempt : shown["attempts"]) {
    const bool started = attempt["device"] != "";
    EXPECT_EQ(attempt["outcome"], started ? "succeeded" : "returned") << attempt;
  }
}

TEST(MutatedAudio, EachOfTwoThousandFilesGivesFeaturesOrANamedError) {
  Cluster cluster;
  const std::filesystem::path music = cluster.path("damaged");
  WriteDamagedMusic(music);
  ASSERT_EQ(cluster.Tutti({"dataset", "add", "damaged", music}).code(), 0);
  RunningBinary& worker = cluster.StartWorker("one", 2);
  const std::string file = cluster.SweepFile(
      "name: damaged\ndataset: damaged\n"
      "grid:\n  model: [rnn]\n  slice_seconds: [1]\n  seed: [333]\n"
      "training: {epochs: 1, patience: 1}\nfeatures: {clip_seconds: 2}\n");
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  const Outcome watched = cluster.Tutti({"watch", "damaged"});
  ASSERT_EQ(watched.code(), 0) << testing::PrintToString(watched);

  int preprocess_jobs = 0;
  for (const Json& job : cluster.TuttiJson({"jobs", "damaged"})) {
    EXPECT_EQ(job["phase"], "succeeded") << job;
    if (job["attempt"] != 1) ExpectNoneBroke(cluster, job);
    preprocess_jobs += job["kind"] == "preprocess" ? 1 : 0;
  }
  EXPECT_GE(preprocess_jobs, 1);

  const Json table = cluster.TuttiJson({"table", "damaged"});
  std::map<std::string, int> reasons;
  for (const Json& track : table["undecodable"]) {
    const std::string why = track["message"];
    EXPECT_THAT(why, testing::Not(testing::IsEmpty())) << track;
    ++reasons[why.substr(why.rfind(": ") + 1)];
  }
  const auto undecodable = static_cast<int>(table["undecodable"].size());
  std::cout << kFiles - undecodable << " with features, " << undecodable << " undecodable:\n";
  for (const auto& [why, count] : reasons) std::cout << "  " << count << why << '\n';
  // Damage in the samples alone is heard, not refused; damage to a header is.
  EXPECT_GT(undecodable, kFiles / 20);
  EXPECT_LT(undecodable, kFiles * 19 / 20);

  const Json workers = cluster.TuttiJson({"workers"});
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0]["connected"], true);
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Finish().code(), 0) << "the daemon lives and ends well";
}

}  // namespace
}  // namespace tutti
