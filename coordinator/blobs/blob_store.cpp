#include "coordinator/blobs/blob_store.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <utility>

#include <sys/stat.h>

namespace tutti {
namespace {

constexpr std::string_view kIncoming = "incoming";
constexpr unsigned kFolderMode = 0700;
constexpr std::size_t kQuotedHashLimit = 80;

Error NotAHash(std::string_view text) {
  return InvalidArgument("blob hash: expected 64 lower-case hex digits, got " +
                         std::to_string(text.size()) + " bytes: \"" +
                         std::string(text.substr(0, kQuotedHashLimit)) + "\"");
}

Error NoBlob(std::string_view hash) {
  return NotFound("there is no blob " + std::string(hash));
}

}  // namespace

BlobStore::BlobStore(FileSystem& files, std::filesystem::path folder,
                     const BlobStoreOptions& options)
    : files_(files), folder_(std::move(folder)), options_(options) {}

Result<std::unique_ptr<BlobStore>> BlobStore::Open(FileSystem& files, std::filesystem::path folder,
                                                   const BlobStoreOptions& options) {
  std::unique_ptr<BlobStore> store(new BlobStore(files, std::move(folder), options));
  TUTTI_RETURN_IF_ERROR(store->MakeFolders());
  const std::filesystem::path incoming = store->folder_ / kIncoming;
  TUTTI_ASSIGN_OR_RETURN(const auto leftovers, files.ListDirectory(incoming));
  for (const std::string& name : leftovers) {
    TUTTI_RETURN_IF_ERROR(files.RemoveAll(incoming / name));
  }
  return store;
}

// All of them at once, so that a blob's commit has only its own folder to sync.
Status BlobStore::MakeFolders() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  TUTTI_RETURN_IF_ERROR(files_.CreateDirectories(folder_ / kIncoming, kFolderMode));
  for (const char high : kDigits) {
    for (const char low : kDigits) {
      const std::string name = {high, low};
      TUTTI_RETURN_IF_ERROR(files_.CreateDirectories(folder_ / name, kFolderMode));
    }
  }
  TUTTI_RETURN_IF_ERROR(files_.SyncDirectory(folder_));
  return folder_.has_parent_path() ? files_.SyncDirectory(folder_.parent_path()) : Status();
}

Result<std::filesystem::path> BlobStore::Path(std::string_view hash) const {
  if (!IsSha256Hex(hash)) return NotAHash(hash);
  return folder_ / hash.substr(0, 2) / hash;
}

Result<bool> BlobStore::Has(std::string_view hash) const {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path path, Path(hash));
  return files_.Exists(path);
}

Result<std::unique_ptr<BlobUpload>> BlobStore::BeginUpload(std::string_view hash,
                                                           std::int64_t size_bytes) {
  TUTTI_ASSIGN_OR_RETURN(std::filesystem::path final, Path(hash));
  if (size_bytes < 0 || size_bytes > options_.max_blob_bytes) {
    return InvalidArgument("blob " + std::string(hash) + ": expected a size of 0 to " +
                           std::to_string(options_.max_blob_bytes) + " bytes, got " +
                           std::to_string(size_bytes));
  }
  const std::string temp = std::string(hash) + "." + std::to_string(uploads_begun_++);
  BlobUpload::Target target{std::string(hash), size_bytes, folder_ / kIncoming / temp,
                            std::move(final)};
  TUTTI_ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> file, files_.OpenForAppend(target.temp));
  return std::unique_ptr<BlobUpload>(new BlobUpload(files_, std::move(target), std::move(file)));
}

Result<OpenBlob> BlobStore::OpenForRead(std::string_view hash) const {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path path, Path(hash));
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid() && errno == ENOENT) return NoBlob(hash);
  if (!fd.valid()) return ErrnoError(errno, "open " + path.string());
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return ErrnoError(errno, "stat " + path.string());
  return OpenBlob{std::move(fd), info.st_size};
}

Result<std::string> BlobStore::Read(std::string_view hash) const {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path path, Path(hash));
  Result<std::string> bytes = files_.ReadFile(path);
  if (!bytes.ok() && bytes.error().code == ErrorCode::kNotFound) return NoBlob(hash);
  if (!bytes.ok()) return bytes;
  const std::string got = Sha256Hex(*bytes);
  if (got == hash) return bytes;
  return DataLoss("blob " + path.string() + ": its bytes have the hash " + got +
                  ": the disk changed them; remove the file and upload the blob again");
}

BlobUpload::BlobUpload(FileSystem& files, Target target, std::unique_ptr<AppendFile> file)
    : files_(files), target_(std::move(target)), file_(std::move(file)) {}

BlobUpload::~BlobUpload() {
  Discard();
}

void BlobUpload::Discard() {
  if (file_ == nullptr) return;
  file_.reset();
  // What cannot be removed now is removed at the next start.
  (void)files_.Remove(target_.temp);
}

Status BlobUpload::Append(std::string_view piece) {
  if (file_ == nullptr) return FailedPrecondition("blob " + target_.hash + ": its upload is over");
  Status appended;
  if (std::ssize(piece) > target_.size_bytes - received_bytes_) {
    appended = InvalidArgument("blob " + target_.hash + ": expected " +
                               std::to_string(target_.size_bytes) + " bytes, got more");
  } else {
    appended = file_->Append(piece);
  }
  if (!appended.ok()) {
    Discard();
    return appended;
  }
  hash_.Update(piece);
  received_bytes_ += std::ssize(piece);
  return {};
}

Status BlobUpload::Commit() {
  if (file_ == nullptr) return FailedPrecondition("blob " + target_.hash + ": its upload is over");
  Status finished = Finish();
  if (finished.ok()) {
    file_.reset();
  } else {
    Discard();
  }
  return finished;
}

Status BlobUpload::Finish() {
  if (received_bytes_ != target_.size_bytes) {
    return InvalidArgument("blob " + target_.hash + ": expected " +
                           std::to_string(target_.size_bytes) + " bytes, got " +
                           std::to_string(received_bytes_));
  }
  const std::string got = hash_.FinishHex();
  if (got != target_.hash) {
    return DataLoss("blob " + target_.hash + ": the " + std::to_string(received_bytes_) +
                    " bytes received have the hash " + got +
                    ": the file changed while it was sent, or the way damaged it; send it again");
  }
  TUTTI_RETURN_IF_ERROR(file_->Sync());
  // Another upload of the same bytes may have come first; replacing its file by an equal one is
  // right, and the sync below covers either.
  TUTTI_RETURN_IF_ERROR(files_.Rename(target_.temp, target_.final));
  return files_.SyncDirectory(target_.final.parent_path());
}

}  // namespace tutti
