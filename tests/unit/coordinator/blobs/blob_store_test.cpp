#include "coordinator/blobs/blob_store.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "common/hash.h"
#include "coordinator/blobs/blob_upload.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

using testing::Each;
using testing::IsEmpty;

const std::string kBytes = "forty-four thousand one hundred samples";
const std::string kHash = Sha256Hex(kBytes);

class BlobStoreTest : public testing::Test {
 protected:
  BlobStoreTest() { Reopen(); }

  void Reopen(const BlobStoreOptions& options = {}) {
    blobs_.reset();
    auto opened = BlobStore::Open(files_, root(), options);
    ASSERT_TRUE(IsOk(opened));
    blobs_ = *std::move(opened);
  }
  std::filesystem::path root() const { return folder_ / "blobs"; }
  std::unique_ptr<BlobUpload> Begin(const std::string& hash, std::size_t size) {
    auto upload = blobs_->BeginUpload(hash, static_cast<std::int64_t>(size));
    EXPECT_TRUE(IsOk(upload));
    return *std::move(upload);
  }
  Status Upload(const std::string& bytes, const std::string& hash) {
    const auto upload = Begin(hash, bytes.size());
    TUTTI_RETURN_IF_ERROR(upload->Append(bytes));
    return upload->Commit();
  }
  bool Has(const std::string& hash) {
    const Result<bool> has = blobs_->Has(hash);
    EXPECT_TRUE(IsOk(has));
    return has.ok() && *has;
  }
  // Every file below the store, and everything beside it: what an upload may leave behind.
  std::vector<std::string> AllFiles() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!entry.is_directory()) {
        found.push_back(std::filesystem::relative(entry.path(), folder_.path()).string());
      }
    }
    return found;
  }

  TempDir folder_;
  PosixFileSystem files_;
  std::unique_ptr<BlobStore> blobs_;
};

TEST_F(BlobStoreTest, WhatIsUploadedInPiecesIsReadBack) {
  EXPECT_FALSE(Has(kHash));
  const auto upload = Begin(kHash, kBytes.size());
  for (const char byte : kBytes) ASSERT_TRUE(IsOk(upload->Append({&byte, 1})));
  EXPECT_FALSE(Has(kHash));
  ASSERT_TRUE(IsOk(upload->Commit()));
  EXPECT_TRUE(Has(kHash));
  const auto read = blobs_->Read(kHash);
  ASSERT_TRUE(IsOk(read));
  EXPECT_EQ(*read, kBytes);
  EXPECT_THAT(AllFiles(), testing::ElementsAre("blobs/" + kHash.substr(0, 2) + "/" + kHash));
}

TEST_F(BlobStoreTest, ABlobIsOpenedWithItsSize) {
  ASSERT_TRUE(IsOk(Upload(kBytes, kHash)));
  const auto opened = blobs_->OpenForRead(kHash);
  ASSERT_TRUE(IsOk(opened));
  EXPECT_EQ(opened->size_bytes, std::ssize(kBytes));
  std::string bytes(kBytes.size(), ' ');
  EXPECT_EQ(::pread(opened->fd.get(), bytes.data(), bytes.size(), 0), std::ssize(kBytes));
  EXPECT_EQ(bytes, kBytes);
}

TEST_F(BlobStoreTest, AnEmptyBlobIsABlob) {
  const std::string hash = Sha256Hex("");
  const auto upload = Begin(hash, 0);
  ASSERT_TRUE(IsOk(upload->Commit()));
  EXPECT_TRUE(Has(hash));
}

TEST_F(BlobStoreTest, BlobsSurviveReopeningAndLeftoversDoNot) {
  ASSERT_TRUE(IsOk(Upload(kBytes, kHash)));
  std::ofstream(root() / "incoming" / "half") << "half";
  std::filesystem::create_directories(root() / "incoming" / "folder" / "deep");
  Reopen();
  EXPECT_TRUE(Has(kHash));
  EXPECT_THAT(*files_.ListDirectory(root() / "incoming"), IsEmpty());
}

TEST_F(BlobStoreTest, MissingBlobsAreNotFoundByHash) {
  EXPECT_TRUE(FailsWith(blobs_->OpenForRead(kHash), ErrorCode::kNotFound, kHash));
  EXPECT_TRUE(FailsWith(blobs_->Read(kHash), ErrorCode::kNotFound, kHash));
}

TEST_F(BlobStoreTest, OtherBytesAreDataLoss) {
  std::string other = kBytes;
  other[3] ^= 1;
  EXPECT_TRUE(FailsWith(Upload(other, kHash), ErrorCode::kDataLoss, Sha256Hex(other)));
  EXPECT_FALSE(Has(kHash));
  EXPECT_THAT(AllFiles(), IsEmpty());
}

TEST_F(BlobStoreTest, FewerBytesThanAnnouncedAreRefused) {
  const auto upload = Begin(kHash, kBytes.size() + 1);
  ASSERT_TRUE(IsOk(upload->Append(kBytes)));
  EXPECT_TRUE(
      FailsWith(upload->Commit(), ErrorCode::kInvalidArgument, "expected 40 bytes, got 39"));
  EXPECT_THAT(AllFiles(), IsEmpty());
}

TEST_F(BlobStoreTest, MoreBytesThanAnnouncedAreRefusedBeforeTheyAreWritten) {
  const auto upload = Begin(kHash, kBytes.size() - 1);
  EXPECT_TRUE(FailsWith(upload->Append(kBytes), ErrorCode::kInvalidArgument,
                        "expected 38 bytes, got more"));
  EXPECT_THAT(AllFiles(), IsEmpty());
  EXPECT_TRUE(FailsWith(upload->Append("x"), ErrorCode::kFailedPrecondition, "over"));
  EXPECT_TRUE(FailsWith(upload->Commit(), ErrorCode::kFailedPrecondition, "over"));
}

TEST_F(BlobStoreTest, SizesAreLimited) {
  Reopen({.max_blob_bytes = 39});
  EXPECT_TRUE(IsOk(Upload(kBytes, kHash)));
  EXPECT_TRUE(FailsWith(blobs_->BeginUpload(kHash, 40), ErrorCode::kInvalidArgument, "0 to 39"));
  EXPECT_TRUE(FailsWith(blobs_->BeginUpload(kHash, -1), ErrorCode::kInvalidArgument, "got -1"));
}

TEST_F(BlobStoreTest, AnUploadGivenUpLeavesNothing) {
  {
    const auto upload = Begin(kHash, kBytes.size());
    ASSERT_TRUE(IsOk(upload->Append(kBytes)));
    EXPECT_EQ(AllFiles().size(), 1U);
  }
  EXPECT_THAT(AllFiles(), IsEmpty());
}

TEST_F(BlobStoreTest, NothingButAHashReachesTheFileSystem) {
  std::ofstream(folder_ / "secret") << "secret";
  const std::string upper = [] {
    std::string text = kHash;
    for (char& c : text) c = static_cast<char>(::toupper(c));
    return text;
  }();
  const std::vector<std::string> bad = {
      "",
      "..",
      "../secret",
      "/etc/passwd",
      kHash.substr(1),
      kHash + "0",
      upper,
      kHash.substr(0, 63) + "/",
      kHash.substr(0, 63) + std::string(1, '\0'),
      "../" + kHash.substr(3),
      std::string(60, '.') + "/../",
      std::string(100'000, 'a'),
  };
  for (const std::string& text : bad) {
    SCOPED_TRACE(text.substr(0, 70));
    constexpr std::string_view kExpected = "expected 64 lower-case hex digits";
    const std::string expected(kExpected);
    EXPECT_TRUE(FailsWith(blobs_->Has(text), ErrorCode::kInvalidArgument, expected));
    EXPECT_TRUE(FailsWith(blobs_->Path(text), ErrorCode::kInvalidArgument, expected));
    EXPECT_TRUE(FailsWith(blobs_->Read(text), ErrorCode::kInvalidArgument, expected));
    EXPECT_TRUE(FailsWith(blobs_->OpenForRead(text), ErrorCode::kInvalidArgument, expected));
    const auto upload = blobs_->BeginUpload(text, 1);
    EXPECT_TRUE(FailsWith(upload, ErrorCode::kInvalidArgument, expected));
    EXPECT_LT(upload.error().message.size(), 300U);
  }
  EXPECT_THAT(AllFiles(), testing::ElementsAre("secret"));
}

TEST_F(BlobStoreTest, ALinkInPlaceOfABlobIsNotFollowed) {
  std::ofstream(folder_ / "secret") << "secret";
  std::filesystem::create_directories(blobs_->Path(kHash)->parent_path());
  std::filesystem::create_symlink(folder_ / "secret", *blobs_->Path(kHash));
  EXPECT_FALSE(blobs_->OpenForRead(kHash).ok());
}

TEST_F(BlobStoreTest, ADiskThatChangedABlobIsNoticed) {
  ASSERT_TRUE(IsOk(Upload(kBytes, kHash)));
  std::ofstream(*blobs_->Path(kHash)) << "rot";
  EXPECT_TRUE(FailsWith(blobs_->Read(kHash), ErrorCode::kDataLoss, kHash));
}

TEST_F(BlobStoreTest, TheSameBlobMayArriveTwiceAtOnce) {
  const auto first = Begin(kHash, kBytes.size());
  const auto second = Begin(kHash, kBytes.size());
  ASSERT_TRUE(IsOk(first->Append(kBytes)));
  ASSERT_TRUE(IsOk(second->Append(kBytes.substr(0, 10))));
  ASSERT_TRUE(IsOk(first->Commit()));
  const auto opened = blobs_->OpenForRead(kHash);
  ASSERT_TRUE(IsOk(opened));
  ASSERT_TRUE(IsOk(second->Append(kBytes.substr(10))));
  ASSERT_TRUE(IsOk(second->Commit()));
  EXPECT_TRUE(IsOk(blobs_->Read(kHash)));
  char byte = 0;
  EXPECT_EQ(::pread(opened->fd.get(), &byte, 1, 0), 1);
  EXPECT_EQ(AllFiles().size(), 1U);
}

TEST_F(BlobStoreTest, ManyThreadsUploadAndReadAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kBlobs = 20;
  std::vector<std::string> complaints(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::string& complaint : complaints) {
      threads.emplace_back([&] {
        for (int i = 0; i < kBlobs && complaint.empty(); ++i) {
          const std::string bytes(1000, static_cast<char>('a' + i));
          const Status uploaded = Upload(bytes, Sha256Hex(bytes));
          if (!uploaded.ok()) complaint = uploaded.error().message;
          const Result<std::string> read = blobs_->Read(Sha256Hex(bytes));
          if (!read.ok()) complaint = read.error().message;
        }
      });
    }
  }
  EXPECT_THAT(complaints, Each(std::string()));
  EXPECT_EQ(AllFiles().size(), static_cast<std::size_t>(kBlobs));
}

TEST_F(BlobStoreTest, AFullDiskIsSaidAndLeavesNothingBehind) {
  const std::string big(1 << 20, 'b');
  const std::string hash = Sha256Hex(big);
  ::signal(SIGXFSZ, SIG_IGN);
  struct rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
  const struct rlimit small = {1 << 19, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto upload = Begin(hash, big.size());
  const Status refused = upload->Append(big);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &usual), 0);
  EXPECT_TRUE(FailsWith(refused, ErrorCode::kResourceExhausted, "incoming"));
  EXPECT_THAT(AllFiles(), IsEmpty());
  EXPECT_FALSE(Has(hash));
  EXPECT_TRUE(IsOk(Upload(big, hash)));
}

}  // namespace
}  // namespace tutti
