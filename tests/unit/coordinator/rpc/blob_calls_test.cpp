// Calls of the blob service whose request, reply or half of whose bytes were lost, made again: one
// blob, and nothing sent twice that need not be.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/hash.h"
#include "common/rpc/blob_transfer.h"
#include "common/rpc/channel.h"
#include "coordinator/rpc/blob_service.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/store/sqlite_store.h"
#include "tests/support/program.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

using testing::IsEmpty;

constexpr std::int64_t kPiece = kBlobPieceBytes;

class BytesCounted final : public Telemetry {
 public:
  void OnCommit(std::chrono::nanoseconds) override {}
  void OnLeaseSent(std::chrono::nanoseconds) override {}
  void OnBlobBytes(BlobDirection direction, std::int64_t bytes) override {
    (direction == BlobDirection::kReceived ? received : sent) += bytes;
  }
  std::atomic<std::int64_t> received = 0;
  std::atomic<std::int64_t> sent = 0;
};

// A blob service in this process, on a real folder.
class ServedBlobs {
 public:
  static constexpr char kToken[] = "an admin's";
  static constexpr char kOtherToken[] = "another admin's";

  explicit ServedBlobs(const std::filesystem::path& folder) : folder_(folder) {
    store_ = *SqliteStore::Open(folder / "state.db");
    blobs_ = *BlobStore::Open(files_, folder / "blobs");
    readers_.emplace(*store_, ReaderPoolOptions{});
    keeper_.emplace(*blobs_, clock_, BlobKeeperOptions{});
    disk_.emplace(
        folder, [] { return Result<std::uint64_t>(std::uint64_t{1} << 40); }, DiskGuardOptions{});
    access_.Add({Sha256Hex(kToken), Role::kAdmin, "admin", {}, UnixMillis{1}});
    access_.Add({Sha256Hex(kOtherToken), Role::kAdmin, "other", {}, UnixMillis{1}});
    service_.emplace(*blobs_, *keeper_, *disk_, *readers_, access_);
    service_->UseTelemetry(counted);
    grpc::ServerBuilder builder;
    builder.RegisterService(&*service_);
    // A socket: gRPC's in-process transport keeps a client waiting whom the server has answered
    // before it has read all.
    builder.AddListeningPort(Address(), grpc::InsecureServerCredentials());
    server_ = builder.BuildAndStart();
  }
  ~ServedBlobs() { server_->Shutdown(); }

  std::unique_ptr<v1::BlobService::Stub> Stub() {
    return v1::BlobService::NewStub(
        grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
  }
  BlobClient Client(const char* token = kToken) { return BlobClient(Stub(), token); }
  std::int64_t PartOf(const std::string& hash, const char* token = kToken) {
    grpc::ClientContext context;
    Authorize(context, token);
    v1::FindPartRequest request;
    request.set_hash(hash);
    v1::FindPartResponse reply;
    EXPECT_TRUE(Stub()->FindPart(&context, request, &reply).ok());
    return reply.size_bytes();
  }
  // An upload whose client vanishes after so many bytes of it; true: a part of this size is kept.
  bool BreakOff(const std::string& bytes, std::int64_t after) {
    const std::string hash = Sha256Hex(bytes);
    grpc::ClientContext context;
    Authorize(context, kToken);
    v1::UploadResponse reply;
    const auto stub = Stub();
    const auto writer = stub->Upload(&context, &reply);
    v1::UploadRequest request;
    request.mutable_header()->set_hash(hash);
    request.mutable_header()->set_size_bytes(std::ssize(bytes));
    EXPECT_TRUE(writer->Write(request));
    for (std::int64_t at = 0; at < after; at += kPiece) {
      request.set_data(bytes.substr(static_cast<std::size_t>(at), kPiece));
      EXPECT_TRUE(writer->Write(request));
    }
    EXPECT_TRUE(Eventually([&] { return counted.received >= after; }));
    context.TryCancel();
    EXPECT_FALSE(writer->Finish().ok());
    const bool kept = Eventually([&] { return PartOf(hash) == after; });
    counted.received = 0;
    return kept;
  }
  std::vector<std::string> Incoming() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "blobs" / "incoming")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  bool Has(const std::string& hash) { return *blobs_->Has(hash); }

  BytesCounted counted;

 private:
  std::string Address() const { return "unix:" + (folder_ / "socket").string(); }

  const std::filesystem::path folder_;
  SystemClock clock_;
  PosixFileSystem files_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<BlobStore> blobs_;
  std::optional<ReaderPool> readers_;
  std::optional<BlobKeeper> keeper_;
  std::optional<DiskGuard> disk_;
  AccessControl access_;
  std::optional<BlobServiceImpl> service_;
  std::unique_ptr<grpc::Server> server_;
};

std::string SomeBytes(std::int64_t size) {
  std::string bytes(static_cast<std::size_t>(size), ' ');
  std::uint32_t state = 17;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

class BlobCalls : public testing::Test {
 protected:
  BlobCalls() { served_.emplace(folder_.path()); }
  void Restart() {
    served_.reset();
    served_.emplace(folder_.path());
  }
  void ExpectWholeAndNothingElse() {
    EXPECT_TRUE(served_->Has(hash_));
    EXPECT_THAT(served_->Incoming(), IsEmpty());
    const auto read = served_->Client().DownloadBytes(hash_);
    ASSERT_TRUE(IsOk(read));
    EXPECT_TRUE(*read == bytes_);
  }
  std::filesystem::path Target() { return folder_ / "target"; }
  std::filesystem::path Part() { return folder_ / ("target.part-" + hash_.substr(0, 16)); }
  void WritePart(const std::string& bytes) {
    std::ofstream(Part(), std::ios::binary).write(bytes.data(), std::ssize(bytes));
  }

  const TempDir folder_;
  const std::string bytes_ = SomeBytes(4 * kPiece + 17);
  const std::string hash_ = Sha256Hex(bytes_);
  std::optional<ServedBlobs> served_;
};

TEST_F(BlobCalls, EachCallOfTheServiceIsMadeTwiceHere) {
  const std::set<std::string> known{"FindMissing", "Upload", "FindPart", "Download"};
  const auto* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("tutti.v1.BlobService");
  ASSERT_NE(service, nullptr);
  EXPECT_EQ(static_cast<std::size_t>(service->method_count()), known.size());
  for (int i = 0; i < service->method_count(); ++i) {
    EXPECT_TRUE(known.contains(service->method(i)->name())) << service->method(i)->name();
  }
}

TEST_F(BlobCalls, WhatIsMissingIsToldAsOftenAsItIsAsked) {
  for (int i = 0; i < 2; ++i) {
    const auto missing = served_->Client().FindMissing({hash_});
    ASSERT_TRUE(IsOk(missing));
    EXPECT_THAT(*missing, testing::ElementsAre(hash_));
    EXPECT_EQ(served_->PartOf(hash_), 0);
  }
  EXPECT_THAT(served_->Incoming(), IsEmpty());
}

TEST_F(BlobCalls, AQuestionHasAtMostSoManyHashes) {
  const auto ask = [&](int hashes) {
    grpc::ClientContext context;
    Authorize(context, ServedBlobs::kToken);
    v1::FindMissingRequest request;
    for (int i = 0; i < hashes; ++i) request.add_hashes("");
    v1::FindMissingResponse reply;
    return served_->Stub()->FindMissing(&context, request, &reply).error_message();
  };
  EXPECT_THAT(ask(kMaxHashesPerQuery), testing::HasSubstr("no SHA-256")) << "they are looked at";
  EXPECT_THAT(ask(kMaxHashesPerQuery + 1), testing::HasSubstr("at most 100000 hashes"));
}

TEST_F(BlobCalls, AnUploadWhoseReplyWasLostSendsNothingTheSecondTime) {
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  served_->counted.received = 0;
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  EXPECT_EQ(served_->counted.received, 0);
  ExpectWholeAndNothingElse();
}

TEST_F(BlobCalls, UploadsThatCrossLeaveOneBlob) {
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back(
          [&] { EXPECT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_))); });
    }
  }
  ExpectWholeAndNothingElse();
}

TEST_F(BlobCalls, AnUploadThatBrokeOffIsGoneOnWith) {
  ASSERT_TRUE(served_->BreakOff(bytes_, 3 * kPiece));
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  EXPECT_EQ(served_->counted.received, kPiece + 17);
  EXPECT_EQ(served_->PartOf(hash_), 0);
  ExpectWholeAndNothingElse();
}

TEST_F(BlobCalls, APartIsItsClientsAlone) {
  ASSERT_TRUE(served_->BreakOff(bytes_, 2 * kPiece));
  EXPECT_EQ(served_->PartOf(hash_, ServedBlobs::kOtherToken), 0);
  ASSERT_TRUE(IsOk(served_->Client(ServedBlobs::kOtherToken).UploadBytes(bytes_, hash_)));
  EXPECT_EQ(served_->counted.received, std::ssize(bytes_));
  EXPECT_TRUE(served_->Has(hash_));
}

TEST_F(BlobCalls, UploadsThatCrossAfterOneThatBrokeOffLeaveOneBlob) {
  ASSERT_TRUE(served_->BreakOff(bytes_, 2 * kPiece));
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back(
          [&] { EXPECT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_))); });
    }
  }
  ExpectWholeAndNothingElse();
}

TEST_F(BlobCalls, AnOffsetThatIsNotThereIsRefused) {
  grpc::ClientContext context;
  Authorize(context, ServedBlobs::kToken);
  v1::UploadResponse reply;
  const auto stub = served_->Stub();
  const auto writer = stub->Upload(&context, &reply);
  v1::UploadRequest request;
  request.mutable_header()->set_hash(hash_);
  request.mutable_header()->set_size_bytes(std::ssize(bytes_));
  request.mutable_header()->set_offset_bytes(kPiece);
  EXPECT_TRUE(writer->Write(request));
  writer->WritesDone();
  const grpc::Status refused = writer->Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(refused.error_message(), testing::HasSubstr("no part of it is here"));
  EXPECT_THAT(served_->Incoming(), IsEmpty());
}

// What came first was damaged on its way: the whole is sent again, not only its rest.
TEST_F(BlobCalls, APartOfOtherBytesIsFoundOutByTheHashOfTheWhole) {
  std::string damaged = bytes_;
  damaged[100] = static_cast<char>(damaged[100] + 1);
  {
    grpc::ClientContext context;
    Authorize(context, ServedBlobs::kToken);
    v1::UploadResponse reply;
    const auto stub = served_->Stub();
    const auto writer = stub->Upload(&context, &reply);
    v1::UploadRequest request;
    request.mutable_header()->set_hash(hash_);
    request.mutable_header()->set_size_bytes(std::ssize(bytes_));
    EXPECT_TRUE(writer->Write(request));
    request.set_data(damaged.substr(0, kPiece));
    EXPECT_TRUE(writer->Write(request));
    writer->WritesDone();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT) << "too few bytes";
  }
  ASSERT_EQ(served_->PartOf(hash_), kPiece);
  served_->counted.received = 0;
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  EXPECT_EQ(served_->counted.received, 2 * std::ssize(bytes_) - kPiece);
  ExpectWholeAndNothingElse();
}

TEST_F(BlobCalls, AStartOfTheCoordinatorLeavesNoPart) {
  ASSERT_TRUE(served_->BreakOff(bytes_, 2 * kPiece));
  Restart();
  EXPECT_THAT(served_->Incoming(), IsEmpty());
  EXPECT_EQ(served_->PartOf(hash_), 0);
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  ExpectWholeAndNothingElse();
}

TEST_F(BlobCalls, ADownloadIsMadeAgainWithTheSameBytes) {
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(IsOk(served_->Client().DownloadFile(hash_, Target())));
    EXPECT_EQ(*Sha256HexOfFile(Target()), hash_);
    EXPECT_FALSE(std::filesystem::exists(Part()));
  }
}

TEST_F(BlobCalls, ADownloadThatBrokeOffIsGoneOnWith) {
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  WritePart(bytes_.substr(0, 3 * kPiece + 5));
  ASSERT_TRUE(IsOk(served_->Client().DownloadFile(hash_, Target())));
  EXPECT_EQ(served_->counted.sent, std::ssize(bytes_) - 3 * kPiece - 5);
  EXPECT_EQ(*Sha256HexOfFile(Target()), hash_);
  EXPECT_FALSE(std::filesystem::exists(Part()));
}

TEST_F(BlobCalls, APartOfADownloadThatIsNoneOfItIsThrownAway) {
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  for (const std::string& wrong : {std::string(100, 'x'), bytes_ + "and more"}) {
    WritePart(wrong);
    ASSERT_TRUE(IsOk(served_->Client().DownloadFile(hash_, Target())));
    EXPECT_EQ(*Sha256HexOfFile(Target()), hash_);
    EXPECT_FALSE(std::filesystem::exists(Part()));
  }
}

TEST_F(BlobCalls, DownloadsThatCrossIntoOnePlaceAllEndWell) {
  ASSERT_TRUE(IsOk(served_->Client().UploadBytes(bytes_, hash_)));
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back(
          [&] { EXPECT_TRUE(IsOk(served_->Client().DownloadFile(hash_, Target()))); });
    }
  }
  EXPECT_EQ(*Sha256HexOfFile(Target()), hash_);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_FALSE(entry.path().filename().string().contains(".part-")) << entry.path();
  }
}

}  // namespace
}  // namespace tutti
