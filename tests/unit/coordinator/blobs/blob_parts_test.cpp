#include "coordinator/blobs/blob_parts.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/fake_clock.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

using namespace std::chrono_literals;

class BlobPartsTest : public testing::Test {
 protected:
  BlobPartsTest() : blobs_(*BlobStore::Open(files_, folder_ / "blobs")) {}

  static std::string HashOf(int number) { return Sha256Hex(std::to_string(number)); }
  void Keep(const std::string& client, int number, const std::string& bytes = "some") {
    auto upload = blobs_->BeginUpload(HashOf(number), 1'000);
    ASSERT_TRUE(IsOk(upload));
    ASSERT_TRUE(IsOk((*upload)->Append(bytes)));
    parts_.Keep(client, *std::move(upload));
    clock_.Advance(1ms);
  }
  std::size_t Files() {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "blobs" / "incoming")) {
      files += entry.is_regular_file();
    }
    return files;
  }

  const TempDir folder_;
  PosixFileSystem files_;
  FakeClock clock_;
  std::unique_ptr<BlobStore> blobs_;
  BlobParts parts_{clock_, {.most_of_a_client = 2, .most = 3, .age = 60s}};
};

TEST_F(BlobPartsTest, APartIsKeptForItsClientAndTakenOnce) {
  Keep("a", 1, "twelve bytes");
  EXPECT_EQ(parts_.SizeOf("a", HashOf(1)), 12);
  EXPECT_EQ(parts_.SizeOf("b", HashOf(1)), 0);
  EXPECT_EQ(parts_.Take("b", HashOf(1)), nullptr);
  const auto upload = parts_.Take("a", HashOf(1));
  ASSERT_NE(upload, nullptr);
  EXPECT_EQ(upload->received_bytes(), 12);
  EXPECT_EQ(parts_.Take("a", HashOf(1)), nullptr);
  EXPECT_EQ(Files(), 1U);
}

TEST_F(BlobPartsTest, ALaterPartOfTheSameReplacesTheOneBefore) {
  Keep("a", 1, "long before");
  Keep("a", 1, "now");
  EXPECT_EQ(parts_.SizeOf("a", HashOf(1)), 3);
  EXPECT_EQ(Files(), 1U);
}

TEST_F(BlobPartsTest, OfTooManyOfOneClientTheOldestGoes) {
  for (int i = 1; i <= 3; ++i) Keep("a", i);
  EXPECT_EQ(parts_.SizeOf("a", HashOf(1)), 0);
  EXPECT_GT(parts_.SizeOf("a", HashOf(2)), 0);
  EXPECT_GT(parts_.SizeOf("a", HashOf(3)), 0);
  EXPECT_EQ(Files(), 2U);
}

TEST_F(BlobPartsTest, OfTooManyOfAllTheOldestGoes) {
  for (int i = 1; i <= 4; ++i) Keep("client " + std::to_string(i), i);
  EXPECT_EQ(parts_.SizeOf("client 1", HashOf(1)), 0);
  EXPECT_GT(parts_.SizeOf("client 4", HashOf(4)), 0);
  EXPECT_EQ(Files(), 3U);
}

TEST_F(BlobPartsTest, WhatNobodyGoesOnWithGoesAfterItsTime) {
  Keep("a", 1);
  clock_.Advance(59s);
  Keep("a", 2);
  parts_.RemoveOld();
  EXPECT_GT(parts_.SizeOf("a", HashOf(1)), 0);
  clock_.Advance(2s);
  parts_.RemoveOld();
  EXPECT_EQ(parts_.SizeOf("a", HashOf(1)), 0);
  EXPECT_GT(parts_.SizeOf("a", HashOf(2)), 0);
  EXPECT_EQ(Files(), 1U);
}

}  // namespace
}  // namespace tutti
