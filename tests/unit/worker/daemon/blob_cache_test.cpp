#include "worker/daemon/blob_cache.h"

#include <atomic>
#include <fstream>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/fake_clock.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

// Blobs in memory; counts downloads.
class MemorySource final : public BlobCache::Source {
 public:
  std::string Put(const std::string& bytes) {
    const std::string hash = Sha256Hex(bytes);
    blobs_[hash] = bytes;
    return hash;
  }
  Status Download(const std::string& hash, const std::filesystem::path& to) override {
    ++downloads;
    const auto found = blobs_.find(hash);
    if (found == blobs_.end()) return NotFound("no blob " + hash);
    PosixFileSystem files;
    return files.WriteFileAtomically(to, found->second, 0600);
  }

  std::atomic<int> downloads = 0;

 private:
  std::map<std::string, std::string> blobs_;
};

class BlobCacheTest : public testing::Test {
 protected:
  std::unique_ptr<BlobCache> Open(std::uint64_t limit_bytes = 1'000) {
    auto cache = BlobCache::Open(files_, clock_, dir_ / "cache", limit_bytes);
    EXPECT_TRUE(IsOk(cache));
    return cache.ok() ? *std::move(cache) : nullptr;
  }

  // A blob of ten bytes; a letter names it.
  std::string Ten(char letter) { return source_.Put(std::string(10, letter)); }
  void Use(BlobCache& cache, const std::string& hash) {
    EXPECT_TRUE(IsOk(cache.Get(hash, source_)));
  }
  // What lies in the folder, whatever the cache believes.
  std::vector<std::string> OnDisk() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ / "cache")) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename());
    }
    return names;
  }

  TempDir dir_;
  PosixFileSystem files_;
  FakeClock clock_;  // stands still: the order of uses must not need it
  MemorySource source_;
};

TEST_F(BlobCacheTest, DownloadsOnceAlsoAcrossAStart) {
  const std::string hash = source_.Put("audio");
  {
    const auto cache = Open();
    const auto pin = cache->Get(hash, source_);
    ASSERT_TRUE(IsOk(pin));
    EXPECT_EQ(*files_.ReadFile(pin->path()), "audio");
    EXPECT_TRUE(IsOk(cache->Get(hash, source_)));
  }
  EXPECT_TRUE(IsOk(Open()->Get(hash, source_)));
  EXPECT_EQ(source_.downloads, 1);
}

TEST_F(BlobCacheTest, ManyWhoAskAtOnceShareOneDownload) {
  const std::string hash = source_.Put("shard");
  const auto cache = Open();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(IsOk(cache->Get(hash, source_))); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(source_.downloads, 1);
}

TEST_F(BlobCacheTest, FailedDownloadIsToldAndTriedAnew) {
  const std::string hash = Sha256Hex("later");
  const auto cache = Open();
  EXPECT_TRUE(FailsWith(cache->Get(hash, source_), ErrorCode::kNotFound, hash));
  source_.Put("later");
  EXPECT_TRUE(IsOk(cache->Get(hash, source_)));
}

TEST_F(BlobCacheTest, CountsWhoUsesABlob) {
  const std::string hash = source_.Put("shard");
  const auto cache = Open();
  {
    const auto first = cache->Get(hash, source_);
    const auto second = cache->Get(hash, source_);
    EXPECT_EQ(cache->PinCount(hash), 2);
  }
  EXPECT_EQ(cache->PinCount(hash), 0);
}

TEST_F(BlobCacheTest, AdoptsAFileThatWasMadeHere) {
  const auto cache = Open();
  ASSERT_TRUE(IsOk(files_.WriteFileAtomically(dir_ / "made", "shard", 0600)));
  const std::string hash = Sha256Hex("shard");
  ASSERT_TRUE(IsOk(cache->Adopt(dir_ / "made", hash)));
  EXPECT_FALSE(files_.Exists(dir_ / "made"));
  EXPECT_TRUE(IsOk(cache->Get(hash, source_)));
  EXPECT_EQ(source_.downloads, 0);
  EXPECT_THAT(cache->Contents(10), testing::ElementsAre(hash));
  EXPECT_THAT(cache->Contents(0), testing::IsEmpty());
}

TEST_F(BlobCacheTest, RemovesHalfDownloadsOfAnEarlierDaemon) {
  const std::string hash = source_.Put("audio");
  ASSERT_TRUE(IsOk(Open()->Get(hash, source_)));
  const auto part = dir_ / "cache" / hash.substr(0, 2) / (hash + ".part-1-2");
  std::ofstream(part) << "aud";
  const auto cache = Open();
  EXPECT_FALSE(files_.Exists(part));
  EXPECT_THAT(cache->Contents(10), testing::ElementsAre(hash));
}

TEST_F(BlobCacheTest, RefusesWhatIsNoHash) {
  EXPECT_TRUE(
      FailsWith(Open()->Get("../../etc/passwd", source_), ErrorCode::kInvalidArgument, "SHA-256"));
  EXPECT_EQ(source_.downloads, 0);
}

TEST_F(BlobCacheTest, AboveTheLimitTheOneUsedLongestAgoGoes) {
  const auto cache = Open(30);
  const std::string a = Ten('a'), b = Ten('b'), c = Ten('c'), d = Ten('d');
  for (const std::string& hash : {a, b, c}) Use(*cache, hash);
  Use(*cache, a);
  EXPECT_EQ(cache->size_bytes(), 30U);
  Use(*cache, d);
  EXPECT_EQ(cache->size_bytes(), 30U);
  EXPECT_THAT(cache->Contents(10), testing::UnorderedElementsAre(a, c, d));
  EXPECT_THAT(OnDisk(), testing::UnorderedElementsAre(a, c, d));
  EXPECT_EQ(source_.downloads, 4);
  Use(*cache, b);  // comes again when it is asked for
  EXPECT_EQ(source_.downloads, 5);
  EXPECT_THAT(OnDisk(), testing::UnorderedElementsAre(a, b, d));
}

TEST_F(BlobCacheTest, WhatIsPinnedStaysAboveTheLimitUntilItIsLetGo) {
  const auto cache = Open(10);
  const std::string a = Ten('a'), b = Ten('b'), c = Ten('c');
  {
    const auto first = cache->Get(a, source_);
    {
      const auto second = cache->Get(b, source_);
      Use(*cache, c);
      EXPECT_THAT(OnDisk(), testing::UnorderedElementsAre(a, b));
      EXPECT_EQ(*files_.ReadFile(second->path()), std::string(10, 'b'));
    }
    EXPECT_THAT(OnDisk(), testing::ElementsAre(a));
    const auto again = cache->Get(a, source_);
    EXPECT_EQ(cache->PinCount(a), 2);
  }
  EXPECT_EQ(cache->PinCount(a), 0);
  EXPECT_THAT(cache->Contents(10), testing::ElementsAre(a));
}

TEST_F(BlobCacheTest, ABlobLargerThanTheLimitIsUsedAndGoes) {
  const auto cache = Open(5);
  const std::string a = Ten('a');
  {
    const auto pin = cache->Get(a, source_);
    ASSERT_TRUE(IsOk(pin));
    EXPECT_EQ(*files_.ReadFile(pin->path()), std::string(10, 'a'));
  }
  EXPECT_THAT(OnDisk(), testing::IsEmpty());
  EXPECT_THAT(cache->Contents(10), testing::IsEmpty());
  EXPECT_EQ(cache->size_bytes(), 0U);
}

TEST_F(BlobCacheTest, TheOrderOfUsesOutlivesTheDaemonAndASetBackClock) {
  const std::string a = Ten('a'), b = Ten('b'), c = Ten('c');
  {
    clock_.Advance(std::chrono::hours(1));
    const auto cache = Open();
    for (const std::string& hash : {a, b, c, a}) Use(*cache, hash);
  }
  clock_.Advance(-std::chrono::hours(1));
  {
    const auto cache = Open(20);  // a smaller limit holds from the start on
    EXPECT_THAT(OnDisk(), testing::UnorderedElementsAre(a, c));
    Use(*cache, c);
  }
  const auto cache = Open(10);
  EXPECT_THAT(cache->Contents(10), testing::ElementsAre(c));
}

TEST_F(BlobCacheTest, AdoptedFilesCountAndGoToo) {
  const auto cache = Open(20);
  const std::string a = Ten('a'), b = Ten('b');
  Use(*cache, a);
  Use(*cache, b);
  const auto adopt = [&](char letter) {
    const std::string bytes(10, letter);
    EXPECT_TRUE(IsOk(files_.WriteFileAtomically(dir_ / "made", bytes, 0600)));
    EXPECT_TRUE(IsOk(cache->Adopt(dir_ / "made", Sha256Hex(bytes))));
    EXPECT_FALSE(files_.Exists(dir_ / "made"));
    return Sha256Hex(bytes);
  };
  const std::string c = adopt('c');
  EXPECT_THAT(OnDisk(), testing::UnorderedElementsAre(b, c));
  adopt('b');  // is here already: used anew, and counted once
  EXPECT_EQ(cache->size_bytes(), 20U);
  const std::string d = adopt('d');
  EXPECT_THAT(OnDisk(), testing::UnorderedElementsAre(b, d));
}

TEST_F(BlobCacheTest, ManyThreadsNeverLoseWhatTheyHold) {
  const auto cache = Open(30);
  std::vector<std::string> hashes;
  for (char letter = 'a'; letter <= 'h'; ++letter) hashes.push_back(Ten(letter));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t k = 0; k < 50; ++k) {
        const auto pin = cache->Get(hashes[(i + k * 3) % hashes.size()], source_);
        ASSERT_TRUE(IsOk(pin));
        EXPECT_EQ(files_.ReadFile(pin->path())->size(), 10U);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache->size_bytes(), 30U);
  EXPECT_EQ(OnDisk().size() * 10, cache->size_bytes());
}

}  // namespace
}  // namespace tutti
