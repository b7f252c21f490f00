#include "common/rpc/blob_transfer.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <unistd.h>
#include <utility>

#include "common/file_system.h"
#include "common/hash.h"
#include "common/rpc/channel.h"
#include "common/rpc/part_file.h"
#include "common/unique_fd.h"

namespace tutti {
namespace {

// Hashes asked for in one call.
constexpr std::size_t kFindMissingBatch = 10'000;
// Of smaller blobs nobody asks what is there already: it costs a call.
constexpr std::int64_t kLeastResumed = 64 << 10;

// Gives the piece at this offset into `piece`, empty at the end.
using PieceSource = std::function<Status(std::int64_t offset, std::string& piece)>;
using PieceSink = std::function<Status(const std::string& piece)>;

// How much of it an upload that broke off has left there. 0 also where nobody can say.
std::int64_t FindPart(v1::BlobService::StubInterface& stub, const std::string& token,
                      const std::string& hash) {
  grpc::ClientContext context;
  Authorize(context, token);
  v1::FindPartRequest request;
  request.set_hash(hash);
  v1::FindPartResponse response;
  // What is wrong, the upload will tell.
  return stub.FindPart(&context, request, &response).ok() ? response.size_bytes() : 0;
}

Status UploadFrom(v1::BlobService::StubInterface& stub, const std::string& token,
                  const v1::UploadRequest::Header& header, const PieceSource& read) {
  grpc::ClientContext context;
  Authorize(context, token);
  v1::UploadResponse response;
  const auto writer = stub.Upload(&context, &response);
  v1::UploadRequest request;
  *request.mutable_header() = header;
  std::int64_t offset = header.offset_bytes();
  Status source_status;
  // A failed Write means that the server has answered already: because it has the blob, or with an
  // error.
  for (bool open = writer->Write(request); open; open = writer->Write(request)) {
    source_status = read(offset, *request.mutable_data());
    if (!source_status.ok()) context.TryCancel();
    if (!source_status.ok() || request.data().empty()) break;
    offset += std::ssize(request.data());
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!source_status.ok()) return source_status;
  if (!status.ok()) return Annotate(FromGrpc(status), "upload of blob " + header.hash());
  return {};
}

Status Upload(v1::BlobService::StubInterface& stub, const std::string& token,
              const std::string& hash, std::int64_t size, const PieceSource& read) {
  v1::UploadRequest::Header header;
  header.set_hash(hash);
  header.set_size_bytes(size);
  if (size > kLeastResumed) {
    const std::int64_t there = FindPart(stub, token, hash);
    if (there < size) header.set_offset_bytes(there);
  }
  Status status = UploadFrom(stub, token, header, read);
  if (status.ok() || header.offset_bytes() == 0) return status;
  // The part has gone meanwhile, or it was none of this blob.
  const ErrorCode code = status.error().code;
  if (code != ErrorCode::kFailedPrecondition && code != ErrorCode::kDataLoss) return status;
  header.set_offset_bytes(0);
  return UploadFrom(stub, token, header, read);
}

// What came before `offset` is in `actual` already.
Status Download(v1::BlobService::StubInterface& stub, const std::string& token,
                const std::string& hash, std::int64_t offset, Sha256& actual,
                const PieceSink& sink) {
  grpc::ClientContext context;
  Authorize(context, token);
  v1::DownloadRequest request;
  request.set_hash(hash);
  request.set_offset_bytes(offset);
  const auto reader = stub.Download(&context, request);
  v1::DownloadResponse piece;
  Status sink_status;
  while (sink_status.ok() && reader->Read(&piece)) {
    actual.Update(piece.data());
    sink_status = sink(piece.data());
  }
  if (!sink_status.ok()) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!sink_status.ok()) return sink_status;
  if (!status.ok()) return Annotate(FromGrpc(status), "download of blob " + hash);
  if (const std::string got = actual.FinishHex(); got != hash) {
    return DataLoss("download of blob " + hash + ": the bytes that came have hash " + got);
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> BlobClient::FindMissing(const std::vector<std::string>& hashes) {
  std::vector<std::string> missing;
  for (std::size_t at = 0; at < hashes.size(); at += kFindMissingBatch) {
    v1::FindMissingRequest request;
    const std::size_t end = std::min(hashes.size(), at + kFindMissingBatch);
    for (std::size_t i = at; i < end; ++i) request.add_hashes(hashes[i]);
    grpc::ClientContext context;
    Authorize(context, token_);
    v1::FindMissingResponse response;
    const grpc::Status status = stub_->FindMissing(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    missing.insert(missing.end(), response.missing().begin(), response.missing().end());
  }
  return missing;
}

Status BlobClient::UploadFile(const std::filesystem::path& path, const std::string& hash) {
  TUTTI_ASSIGN_OR_RETURN(const std::uint64_t size, PosixFileSystem().FileSize(path));
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "open " + path.string());
  const auto read = [&](std::int64_t offset, std::string& piece) -> Status {
    piece.resize(kBlobPieceBytes);
    ssize_t n = -1;
    do {
      n = ::pread(fd.get(), piece.data(), piece.size(), offset);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return ErrnoError(errno, "read " + path.string());
    piece.resize(static_cast<std::size_t>(n));
    return {};
  };
  const Status status = Upload(*stub_, token_, hash, static_cast<std::int64_t>(size), read);
  if (!status.ok()) return Annotate(status.error(), path.string());
  return {};
}

Status BlobClient::UploadBytes(std::string_view bytes, const std::string& hash) {
  const auto read = [&](std::int64_t offset, std::string& piece) -> Status {
    piece.assign(bytes.substr(static_cast<std::size_t>(offset), kBlobPieceBytes));
    return {};
  };
  return Upload(*stub_, token_, hash, std::ssize(bytes), read);
}

Status BlobClient::DownloadFile(const std::string& hash, const std::filesystem::path& to) {
  bool goes_on = false;
  const auto fetch = [&](PartFile::Begin begin) -> Status {
    TUTTI_ASSIGN_OR_RETURN(PartFile part, PartFile::Open(to, hash, begin));
    goes_on = part.size_bytes() > 0;
    Sha256 actual;
    TUTTI_RETURN_IF_ERROR(part.Read(actual));
    Status status = Download(*stub_, token_, hash, part.size_bytes(), actual,
                             [&](const std::string& piece) { return part.Append(piece); });
    if (status.ok()) return part.Finish();
    part.LeaveAfter(status.error());
    return status;
  };
  Status status = fetch(PartFile::Begin::kWhereItIs);
  if (status.ok() || !goes_on) return status;
  // What was there was none of this blob?
  const ErrorCode code = status.error().code;
  if (code != ErrorCode::kDataLoss && code != ErrorCode::kInvalidArgument) return status;
  return fetch(PartFile::Begin::kAnew);
}

Result<std::string> BlobClient::DownloadBytes(const std::string& hash) {
  std::string bytes;
  Sha256 actual;
  TUTTI_RETURN_IF_ERROR(
      Download(*stub_, token_, hash, 0, actual, [&](const std::string& piece) -> Status {
        bytes += piece;
        return {};
      }));
  return bytes;
}

}  // namespace tutti
