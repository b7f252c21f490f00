#include "coordinator/rpc/blob_service.h"

#include <cerrno>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

#include "common/hash.h"
#include "common/rpc/channel.h"
#include "coordinator/rpc/limits.h"

namespace tutti {
namespace {

// Takes one upload piece by piece; owns itself and is gone after OnDone.
class UploadReactor final : public grpc::ServerReadReactor<v1::UploadRequest> {
 public:
  UploadReactor(BlobStore& blobs, const Status& allowed, v1::UploadResponse* response)
      : blobs_(blobs), response_(response) {
    if (!allowed.ok()) {
      Finish(ToGrpc(allowed.error()));
      return;
    }
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    const Result<Step> step = ok ? Take() : End();
    if (!step.ok()) return Finish(ToGrpc(step.error()));
    if (*step == Step::kDone) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }

  void OnDone() override { delete this; }

 private:
  enum class Step { kMore, kDone };

  Result<Step> Take() {
    if (request_.has_header()) return Begin();
    if (!upload_) return InvalidArgument("upload: the first message must be the header");
    TUTTI_RETURN_IF_ERROR(upload_->Append(request_.data()));
    return Step::kMore;
  }

  Result<Step> Begin() {
    if (upload_) return InvalidArgument("upload: a second header");
    const v1::UploadRequest::Header& header = request_.header();
    hash_ = header.hash();
    response_->set_hash(hash_);
    TUTTI_ASSIGN_OR_RETURN(const bool there, blobs_.Has(hash_));
    if (there) return Step::kDone;
    TUTTI_ASSIGN_OR_RETURN(upload_, blobs_.BeginUpload(hash_, header.size_bytes()));
    return Step::kMore;
  }

  Result<Step> End() {
    if (!upload_) return InvalidArgument("upload: it ended before its header");
    TUTTI_RETURN_IF_ERROR(upload_->Commit());
    return Step::kDone;
  }

  BlobStore& blobs_;
  v1::UploadResponse* response_;
  v1::UploadRequest request_;
  std::string hash_;
  std::unique_ptr<BlobUpload> upload_;
};

// Sends one blob piece by piece; owns itself and is gone after OnDone.
class DownloadReactor final : public grpc::ServerWriteReactor<v1::DownloadResponse> {
 public:
  DownloadReactor(BlobStore& blobs, const Status& allowed, const v1::DownloadRequest& request) {
    Status status = allowed;
    if (status.ok()) status = Open(blobs, request);
    if (!status.ok()) {
      Finish(ToGrpc(status.error()));
      return;
    }
    Next();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish({grpc::StatusCode::CANCELLED, "the client went away"});
    Next();
  }

  void OnDone() override { delete this; }

 private:
  Status Open(BlobStore& blobs, const v1::DownloadRequest& request) {
    TUTTI_ASSIGN_OR_RETURN(blob_, blobs.OpenForRead(request.hash()));
    if (request.offset_bytes() < 0 || request.offset_bytes() > blob_.size_bytes) {
      return InvalidArgument("download: offset_bytes is beyond the blob's " +
                             std::to_string(blob_.size_bytes));
    }
    offset_ = request.offset_bytes();
    return {};
  }

  void Next() {
    if (offset_ == blob_.size_bytes) return Finish(grpc::Status::OK);
    std::string& piece = *response_.mutable_data();
    piece.resize(kBlobPieceBytes);
    const ssize_t n = ::pread(blob_.fd.get(), piece.data(), piece.size(), offset_);
    if (n <= 0) {
      const int error = n < 0 ? errno : EIO;  // shorter than it was: the disk lost something
      return Finish(ToGrpc(ErrnoError(error, "read a blob")));
    }
    piece.resize(static_cast<std::size_t>(n));
    offset_ += n;
    StartWrite(&response_);
  }

  OpenBlob blob_;
  std::int64_t offset_ = 0;
  v1::DownloadResponse response_;
};

Status Allowed(const AccessControl& access, const grpc::CallbackServerContext& context, Rpc rpc) {
  const Result<Identity> identity = access.Check(context, rpc);
  if (!identity.ok()) return identity.error();
  return {};
}

}  // namespace

grpc::ServerUnaryReactor* BlobServiceImpl::FindMissing(grpc::CallbackServerContext* context,
                                                       const v1::FindMissingRequest* request,
                                                       v1::FindMissingResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Status status = Allowed(access_, *context, Rpc::kFindMissing);
  if (status.ok() && request->hashes_size() > kMaxHashesPerQuery) {
    status = InvalidArgument("at most " + std::to_string(kMaxHashesPerQuery) +
                             " hashes in one question");
  }
  for (const std::string& hash : request->hashes()) {
    if (!status.ok()) break;
    if (!IsSha256Hex(hash)) {
      status = InvalidArgument("a hash that is no SHA-256: " + hash.substr(0, kMaxNameBytes));
    } else if (const Result<bool> there = blobs_.Has(hash); !there.ok()) {
      status = there.error();
    } else if (!*there) {
      response->add_missing(hash);
    }
  }
  reactor->Finish(status.ok() ? grpc::Status::OK : ToGrpc(status.error()));
  return reactor;
}

grpc::ServerReadReactor<v1::UploadRequest>* BlobServiceImpl::Upload(
    grpc::CallbackServerContext* context, v1::UploadResponse* response) {
  return new UploadReactor(blobs_, Allowed(access_, *context, Rpc::kUpload), response);
}

grpc::ServerWriteReactor<v1::DownloadResponse>* BlobServiceImpl::Download(
    grpc::CallbackServerContext* context, const v1::DownloadRequest* request) {
  return new DownloadReactor(blobs_, Allowed(access_, *context, Rpc::kDownload), *request);
}

}  // namespace tutti
