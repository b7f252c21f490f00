#include "coordinator/blobs/blob_upload.h"

#include <utility>

namespace tutti {

BlobUpload::BlobUpload(BlobStore& store, std::string hash, std::int64_t size_bytes,
                       std::filesystem::path temp, std::unique_ptr<AppendFile> file)
    : store_(store),
      hash_(std::move(hash)),
      size_bytes_(size_bytes),
      temp_(std::move(temp)),
      file_(std::move(file)) {}

BlobUpload::~BlobUpload() {
  Discard();
}

void BlobUpload::Discard() {
  if (file_ == nullptr) return;
  file_.reset();
  // What cannot be removed now is removed at the next start.
  (void)store_.files_.Remove(temp_);
}

Status BlobUpload::Over() const {
  return FailedPrecondition("blob " + hash_ + ": its upload is over");
}

Status BlobUpload::Append(std::string_view piece) {
  if (file_ == nullptr) return Over();
  Status appended;
  if (std::ssize(piece) > size_bytes_ - received_bytes_) {
    appended = InvalidArgument("blob " + hash_ + ": expected " + std::to_string(size_bytes_) +
                               " bytes, got more");
  } else {
    appended = file_->Append(piece);
  }
  if (!appended.ok()) {
    Discard();
    return appended;
  }
  arrived_.Update(piece);
  received_bytes_ += std::ssize(piece);
  return {};
}

Status BlobUpload::Commit() {
  if (file_ == nullptr) return Over();
  Status finished = Finish();
  if (finished.ok()) {
    file_.reset();
  } else {
    Discard();
  }
  return finished;
}

Status BlobUpload::Finish() {
  if (received_bytes_ != size_bytes_) {
    return InvalidArgument("blob " + hash_ + ": expected " + std::to_string(size_bytes_) +
                           " bytes, got " + std::to_string(received_bytes_));
  }
  const std::string got = arrived_.FinishHex();
  if (got != hash_) {
    return DataLoss("blob " + hash_ + ": the " + std::to_string(received_bytes_) +
                    " bytes received have the hash " + got +
                    ": the file changed while it was sent, or the way damaged it; send it again");
  }
  TUTTI_RETURN_IF_ERROR(file_->Sync());
  return store_.Place(temp_, hash_);
}

}  // namespace tutti
