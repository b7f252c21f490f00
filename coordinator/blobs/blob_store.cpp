#include "coordinator/blobs/blob_store.h"

#include <cerrno>
#include <fcntl.h>
#include <utility>

#include <sys/stat.h>

#include "common/hash.h"
#include "coordinator/blobs/blob_upload.h"

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

std::string FolderName(int folder) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto high = static_cast<std::size_t>(folder / 16);
  const auto low = static_cast<std::size_t>(folder % 16);
  return {kDigits[high], kDigits[low]};
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
  const std::filesystem::path incoming = store->folder_ / kIncoming;
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(incoming, kFolderMode));
  if (store->folder_.has_parent_path()) {
    TUTTI_RETURN_IF_ERROR(files.SyncDirectory(store->folder_.parent_path()));
  }
  TUTTI_ASSIGN_OR_RETURN(const auto leftovers, files.ListDirectory(incoming));
  for (const std::string& name : leftovers) {
    TUTTI_RETURN_IF_ERROR(files.RemoveAll(incoming / name));
  }
  TUTTI_RETURN_IF_ERROR(store->SyncFolders());
  return store;
}

std::unique_ptr<const BlobStore> BlobStore::OpenForReading(FileSystem& files,
                                                           std::filesystem::path folder) {
  return std::unique_ptr<const BlobStore>(new BlobStore(files, std::move(folder), {}));
}

Status BlobStore::SyncFolders() {
  for (int folder = 0; folder < kBlobFolders; ++folder) {
    const std::filesystem::path path = folder_ / FolderName(folder);
    if (files_.Exists(path)) TUTTI_RETURN_IF_ERROR(files_.SyncDirectory(path));
  }
  return {};
}

Result<std::filesystem::path> BlobStore::Path(std::string_view hash) const {
  if (!IsSha256Hex(hash)) return NotAHash(hash);
  return folder_ / hash.substr(0, 2) / hash;
}

Result<bool> BlobStore::Has(std::string_view hash) const {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path path, Path(hash));
  const std::lock_guard lock(naming_mutex_);
  const std::string name(hash);
  if (being_named_.contains(name) || named_in_vain_.contains(name)) return false;
  return files_.Exists(path);
}

Result<std::unique_ptr<BlobUpload>> BlobStore::BeginUpload(std::string_view hash,
                                                           std::int64_t size_bytes) {
  if (!IsSha256Hex(hash)) return NotAHash(hash);
  if (size_bytes < 0 || size_bytes > options_.max_blob_bytes) {
    return InvalidArgument("blob " + std::string(hash) + ": expected a size of 0 to " +
                           std::to_string(options_.max_blob_bytes) + " bytes, got " +
                           std::to_string(size_bytes));
  }
  const std::string name = std::string(hash) + "." + std::to_string(uploads_begun_++);
  std::filesystem::path temp = folder_ / kIncoming / name;
  TUTTI_ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> file, files_.OpenForAppend(temp));
  return std::unique_ptr<BlobUpload>(
      new BlobUpload(*this, std::string(hash), size_bytes, std::move(temp), std::move(file)));
}

Result<std::filesystem::path> BlobStore::FolderOf(const std::string& hash) {
  std::filesystem::path folder = folder_ / hash.substr(0, 2);
  std::atomic<bool>& durable = durable_folders_[std::stoul(hash.substr(0, 2), nullptr, 16)];
  if (durable) return folder;
  TUTTI_RETURN_IF_ERROR(files_.CreateDirectories(folder, kFolderMode));
  TUTTI_RETURN_IF_ERROR(files_.SyncDirectory(folder_));
  durable = true;
  return folder;
}

Status BlobStore::Place(const std::filesystem::path& temp, const std::string& hash) {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path folder, FolderOf(hash));
  {
    const std::lock_guard lock(naming_mutex_);
    ++being_named_[hash];
  }
  // Another upload of the same bytes may have come first; replacing its file by an equal one is
  // right, and the sync covers either.
  const Status renamed = files_.Rename(temp, folder / hash);
  const Status synced = renamed.ok() ? files_.SyncDirectory(folder) : renamed;
  const std::lock_guard lock(naming_mutex_);
  if (--being_named_[hash] == 0) being_named_.erase(hash);
  if (synced.ok()) named_in_vain_.erase(hash);
  if (renamed.ok() && !synced.ok()) named_in_vain_.insert(hash);
  return synced;
}

Result<std::vector<std::string>> BlobStore::List(int folder) const {
  const std::string prefix = FolderName(folder);
  if (!files_.Exists(folder_ / prefix)) return std::vector<std::string>();
  TUTTI_ASSIGN_OR_RETURN(std::vector<std::string> names, files_.ListDirectory(folder_ / prefix));
  std::erase_if(names, [&](const std::string& name) {
    return !IsSha256Hex(name) || !name.starts_with(prefix);
  });
  return names;
}

Result<UnixMillis> BlobStore::WrittenAt(std::string_view hash) const {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path path, Path(hash));
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? NoBlob(hash) : ErrnoError(errno, "stat " + path.string());
  }
  constexpr std::int64_t kMillisPerSecond = 1000;
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  return UnixMillis{info.st_mtim.tv_sec * kMillisPerSecond + info.st_mtim.tv_nsec / kNanosPerMilli};
}

Result<std::filesystem::path> BlobStore::Retire(std::string_view hash) {
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path path, Path(hash));
  if (!files_.Exists(path)) return NoBlob(hash);
  std::filesystem::path retired =
      folder_ / kIncoming / (std::string(hash) + "." + std::to_string(uploads_begun_++));
  TUTTI_RETURN_IF_ERROR(files_.Rename(path, retired));
  return retired;
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

}  // namespace tutti
