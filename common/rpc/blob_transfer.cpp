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
#include "common/unique_fd.h"

namespace tutti {
namespace {

// Hashes asked for in one call.
constexpr std::size_t kFindMissingBatch = 10'000;

// Gives the next piece into `piece`, empty at the end.
using PieceSource = std::function<Status(std::string& piece)>;
using PieceSink = std::function<Status(const std::string& piece)>;

Status Upload(v1::BlobService::StubInterface& stub, const std::string& token,
              const std::string& hash, std::int64_t size, const PieceSource& next) {
  grpc::ClientContext context;
  Authorize(context, token);
  v1::UploadResponse response;
  const auto writer = stub.Upload(&context, &response);
  v1::UploadRequest request;
  request.mutable_header()->set_hash(hash);
  request.mutable_header()->set_size_bytes(size);
  Status source_status;
  // A failed Write means that the server has answered already: because it has the blob, or with an
  // error.
  for (bool open = writer->Write(request); open; open = writer->Write(request)) {
    source_status = next(*request.mutable_data());
    if (!source_status.ok()) context.TryCancel();
    if (!source_status.ok() || request.data().empty()) break;
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!source_status.ok()) return source_status;
  if (!status.ok()) return Annotate(FromGrpc(status), "upload of blob " + hash);
  return {};
}

Status Download(v1::BlobService::StubInterface& stub, const std::string& token,
                const std::string& hash, const PieceSink& sink) {
  grpc::ClientContext context;
  Authorize(context, token);
  v1::DownloadRequest request;
  request.set_hash(hash);
  const auto reader = stub.Download(&context, request);
  v1::DownloadResponse piece;
  Sha256 actual;
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

Status WriteAll(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "write " + path.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
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
  const auto next = [&](std::string& piece) -> Status {
    piece.resize(kBlobPieceBytes);
    ssize_t n = -1;
    do {
      n = ::read(fd.get(), piece.data(), piece.size());
    } while (n < 0 && errno == EINTR);
    if (n < 0) return ErrnoError(errno, "read " + path.string());
    piece.resize(static_cast<std::size_t>(n));
    return {};
  };
  const Status status = Upload(*stub_, token_, hash, static_cast<std::int64_t>(size), next);
  if (!status.ok()) return Annotate(status.error(), path.string());
  return {};
}

Status BlobClient::UploadBytes(std::string_view bytes, const std::string& hash) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  const auto next = [&](std::string& piece) -> Status {
    piece.assign(bytes.substr(0, kBlobPieceBytes));
    bytes.remove_prefix(piece.size());
    return {};
  };
  return Upload(*stub_, token_, hash, size, next);
}

Status BlobClient::DownloadFile(const std::string& hash, const std::filesystem::path& to) {
  PosixFileSystem files;
  // Two downloads of one blob into one place must not share a temp file.
  const std::filesystem::path temp =
      to.string() + ".part-" + std::to_string(::getpid()) + "-" + std::to_string(::gettid());
  const auto fetch = [&]() -> Status {
    const UniqueFd fd(::open(temp.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.valid()) return ErrnoError(errno, "create " + temp.string());
    TUTTI_RETURN_IF_ERROR(Download(*stub_, token_, hash, [&](const std::string& piece) {
      return WriteAll(fd.get(), piece, temp);
    }));
    if (::fsync(fd.get()) != 0) return ErrnoError(errno, "fsync " + temp.string());
    return files.Rename(temp, to);
  };
  Status status = fetch();
  if (!status.ok()) ::unlink(temp.c_str());
  return status;
}

Result<std::string> BlobClient::DownloadBytes(const std::string& hash) {
  std::string bytes;
  TUTTI_RETURN_IF_ERROR(Download(*stub_, token_, hash, [&](const std::string& piece) -> Status {
    bytes += piece;
    return {};
  }));
  return bytes;
}

}  // namespace tutti
