#include "coordinator/rpc/blob_service.h"

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

#include "common/hash.h"
#include "common/rpc/channel.h"
#include "coordinator/blobs/blob_upload.h"
#include "coordinator/rpc/limits.h"

namespace tutti {
namespace {

void Count(Telemetry* telemetry, BlobDirection direction, std::size_t bytes) {
  if (telemetry == nullptr) return;
  telemetry->OnBlobBytes(direction, static_cast<std::int64_t>(bytes));
}

std::string ClientOf(const Identity& identity) {
  return identity.worker ? "worker " + identity.worker->value : identity.name;
}

// Takes one upload piece by piece; owns itself and is gone after OnDone.
class UploadReactor final : public grpc::ServerReadReactor<v1::UploadRequest> {
 public:
  UploadReactor(BlobStore& blobs, BlobKeeper& keeper, const DiskGuard& disk, Telemetry* telemetry,
                OpenUploads& open, const Result<Identity>& allowed, v1::UploadResponse* response)
      : blobs_(blobs), keeper_(keeper), disk_(disk), telemetry_(telemetry), response_(response) {
    const Status begun = TakePlace(open, allowed);
    if (!begun.ok()) {
      Finish(ToGrpc(begun.error()));
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

  Status TakePlace(OpenUploads& open, const Result<Identity>& allowed) {
    TUTTI_ASSIGN_OR_RETURN(const Identity identity, allowed);
    worker_ = identity.worker;
    client_ = ClientOf(identity);
    TUTTI_ASSIGN_OR_RETURN(place_, open.Begin(client_));
    return {};
  }

  Result<Step> Take() {
    if (request_.has_header()) return Begin();
    if (!upload_) return InvalidArgument("upload: the first message must be the header");
    TUTTI_RETURN_IF_ERROR(upload_->Append(request_.data()));
    Count(telemetry_, BlobDirection::kReceived, request_.data().size());
    return Step::kMore;
  }

  Result<Step> Begin() {
    if (upload_) return InvalidArgument("upload: a second header");
    const v1::UploadRequest::Header& header = request_.header();
    hash_ = header.hash();
    response_->set_hash(hash_);
    TUTTI_ASSIGN_OR_RETURN(const bool there, keeper_.Pin(hash_, worker_));
    if (there) return Step::kDone;
    if (header.size_bytes() > kMaxUploadBytes) {
      return InvalidArgument("upload: " + std::to_string(header.size_bytes()) + " bytes, at most " +
                             std::to_string(kMaxUploadBytes));
    }
    const std::int64_t to_come = header.size_bytes() - header.offset_bytes();
    TUTTI_RETURN_IF_ERROR(worker_ ? disk_.AllowResult(to_come) : disk_.AllowNewWork(to_come));
    if (header.offset_bytes() != 0) return GoOn(header);
    (void)keeper_.parts().Take(client_, hash_);  // the client begins anew
    TUTTI_ASSIGN_OR_RETURN(upload_, blobs_.BeginUpload(hash_, header.size_bytes()));
    return Step::kMore;
  }

  Result<Step> GoOn(const v1::UploadRequest::Header& header) {
    upload_ = keeper_.parts().Take(client_, hash_);
    if (upload_ != nullptr && upload_->received_bytes() == header.offset_bytes() &&
        upload_->size_bytes() == header.size_bytes()) {
      return Step::kMore;
    }
    const std::string there =
        upload_ == nullptr ? "no part of it" : std::to_string(upload_->received_bytes()) + " bytes";
    KeepPart();
    return FailedPrecondition("upload of blob " + hash_ + " at byte " +
                              std::to_string(header.offset_bytes()) + " of " +
                              std::to_string(header.size_bytes()) + ": " + there +
                              " is here; ask FindPart, or begin at 0");
  }

  void KeepPart() {
    if (upload_ != nullptr && upload_->is_part() && upload_->received_bytes() > 0) {
      keeper_.parts().Keep(client_, std::move(upload_));
    }
    upload_.reset();
  }

  Result<Step> End() {
    if (!upload_) return InvalidArgument("upload: it ended before its header");
    if (upload_->is_part()) {
      const std::string message = "upload of blob " + hash_ + ": expected " +
                                  std::to_string(upload_->size_bytes()) + " bytes, got " +
                                  std::to_string(upload_->received_bytes()) +
                                  "; send the rest, or all of it again";
      KeepPart();
      return InvalidArgument(message);
    }
    // Again: a long upload may have outlived the pin that it began with.
    TUTTI_RETURN_IF_ERROR(keeper_.Pin(hash_, worker_));
    TUTTI_RETURN_IF_ERROR(upload_->Commit());
    return Step::kDone;
  }

  BlobStore& blobs_;
  BlobKeeper& keeper_;
  const DiskGuard& disk_;
  Telemetry* telemetry_;
  v1::UploadResponse* response_;
  v1::UploadRequest request_;
  std::optional<WorkerId> worker_;
  std::string client_;
  std::string hash_;
  OpenUploads::Place place_;
  std::unique_ptr<BlobUpload> upload_;
};

// What retention has taken is said by name.
Error WhyMissing(ReaderPool& readers, const std::string& hash, const Error& missing) {
  const auto reader = readers.Borrow();
  if (!reader.ok()) return missing;
  const auto removed = (*reader)->RemovedArtifact(hash);
  if (!removed.ok() || !*removed) return missing;
  const std::string job = std::to_string((*removed)->job.value);
  return NotFound("the weights \"" + (*removed)->name + "\" of job " + job +
                  " were removed by retention (tutti events tells when); its results and tables "
                  "stay; tutti replay " +
                  job + " trains the run again");
}

// Sends one blob piece by piece; owns itself and is gone after OnDone.
class DownloadReactor final : public grpc::ServerWriteReactor<v1::DownloadResponse> {
 public:
  DownloadReactor(BlobStore& blobs, ReaderPool& readers, Telemetry* telemetry,
                  const Status& allowed, const v1::DownloadRequest& request)
      : telemetry_(telemetry) {
    Status status = allowed;
    if (status.ok()) status = Open(blobs, request);
    if (!status.ok() && status.error().code == ErrorCode::kNotFound) {
      status = WhyMissing(readers, request.hash(), status.error());
    }
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
    Count(telemetry_, BlobDirection::kSent, piece.size());
    StartWrite(&response_);
  }

  Telemetry* telemetry_;
  OpenBlob blob_;
  std::int64_t offset_ = 0;
  v1::DownloadResponse response_;
};

}  // namespace

grpc::ServerUnaryReactor* BlobServiceImpl::FindMissing(grpc::CallbackServerContext* context,
                                                       const v1::FindMissingRequest* request,
                                                       v1::FindMissingResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Result<Identity> identity = access_.Check(*context, Rpc::kFindMissing);
  Status status;
  if (!identity.ok()) status = identity.error();
  if (status.ok() && request->hashes_size() > kMaxHashesPerQuery) {
    status = InvalidArgument("at most " + std::to_string(kMaxHashesPerQuery) +
                             " hashes in one question");
  }
  for (const std::string& hash : request->hashes()) {
    if (!status.ok()) break;
    if (!IsSha256Hex(hash)) {
      status = InvalidArgument("a hash that is no SHA-256: " + hash.substr(0, kMaxNameBytes));
    } else if (const Result<bool> there = keeper_.Pin(hash, identity->worker); !there.ok()) {
      status = there.error();
    } else if (!*there) {
      response->add_missing(hash);
    }
  }
  reactor->Finish(status.ok() ? grpc::Status::OK : ToGrpc(status.error()));
  return reactor;
}

grpc::ServerUnaryReactor* BlobServiceImpl::FindPart(grpc::CallbackServerContext* context,
                                                    const v1::FindPartRequest* request,
                                                    v1::FindPartResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Result<Identity> identity = access_.Check(*context, Rpc::kFindPart);
  Status status;
  if (!identity.ok()) {
    status = identity.error();
  } else if (!IsSha256Hex(request->hash())) {
    status =
        InvalidArgument("a hash that is no SHA-256: " + request->hash().substr(0, kMaxNameBytes));
  } else {
    response->set_size_bytes(keeper_.parts().SizeOf(ClientOf(*identity), request->hash()));
  }
  reactor->Finish(status.ok() ? grpc::Status::OK : ToGrpc(status.error()));
  return reactor;
}

grpc::ServerReadReactor<v1::UploadRequest>* BlobServiceImpl::Upload(
    grpc::CallbackServerContext* context, v1::UploadResponse* response) {
  return new UploadReactor(blobs_, keeper_, disk_, telemetry_, open_uploads_,
                           access_.Check(*context, Rpc::kUpload), response);
}

grpc::ServerWriteReactor<v1::DownloadResponse>* BlobServiceImpl::Download(
    grpc::CallbackServerContext* context, const v1::DownloadRequest* request) {
  const Result<Identity> identity = access_.Check(*context, Rpc::kDownload);
  return new DownloadReactor(blobs_, readers_, telemetry_,
                             identity.ok() ? Status() : identity.error(), *request);
}

}  // namespace tutti
