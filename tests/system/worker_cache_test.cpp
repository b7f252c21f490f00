// A worker whose cache is too small for what it reads.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

namespace fs = std::filesystem;

struct Folder {
  std::uintmax_t bytes = 0;
  std::uintmax_t largest = 0;
};

Folder Measure(const fs::path& folder) {
  Folder found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    found.bytes += entry.file_size();
    found.largest = std::max(found.largest, entry.file_size());
  }
  return found;
}

// 30 tracks of 88 kB and a shard of 1.3 MB pass through it.
TEST(WorkerCache, WorkerCacheEvicts) {
  constexpr std::uintmax_t kLimit = 2'000'000;
  Cluster cluster;
  cluster.StartWorker("one", 1, {"--cache-limit", "2MB"});
  cluster.AddTinyMusic();
  ASSERT_GT(Measure(cluster.path("music")).bytes, kLimit) << "one job's audio alone is more";
  TinySweep sweep;
  sweep.models = "[rnn]";
  const std::string file = cluster.SweepFile(TinySweepFile(sweep));
  const Outcome ended = cluster.Tutti({"submit", file, "--wait"});
  ASSERT_EQ(ended.code(), 0) << testing::PrintToString(ended);

  const Folder cache = Measure(cluster.path("one") / "cache");
  EXPECT_LE(cache.bytes, kLimit);
  EXPECT_GT(cache.largest, 1'000'000U) << "the shard, used last, is the one that stayed";

  // A worker that came back says what it still has, and fetches the rest anew.
  sweep.more = "include: [{model: crnn1d, slice_seconds: 0.5, seed: 1}]\n";
  cluster.SweepFile(TinySweepFile(sweep));
  const Outcome again = cluster.Tutti({"submit", file, "--wait"});
  EXPECT_EQ(again.code(), 0) << testing::PrintToString(again);
  EXPECT_LE(Measure(cluster.path("one") / "cache").bytes, kLimit);
}

}  // namespace
}  // namespace tutti
