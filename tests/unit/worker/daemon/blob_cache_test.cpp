#include "worker/daemon/blob_cache.h"

#include <atomic>
#include <fstream>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hash.h"
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
  std::unique_ptr<BlobCache> Open() {
    auto cache = BlobCache::Open(files_, dir_ / "cache");
    EXPECT_TRUE(IsOk(cache));
    return cache.ok() ? *std::move(cache) : nullptr;
  }

  TempDir dir_;
  PosixFileSystem files_;
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

}  // namespace
}  // namespace tutti
