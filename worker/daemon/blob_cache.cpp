#include "worker/daemon/blob_cache.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "common/hash.h"

namespace tutti {

BlobCache::Pin::~Pin() {
  if (cache_ != nullptr) cache_->Unpin(hash_);
}

BlobCache::Pin::Pin(Pin&& other) noexcept
    : cache_(std::exchange(other.cache_, nullptr)), hash_(std::move(other.hash_)) {}

Result<std::unique_ptr<BlobCache>> BlobCache::Open(FileSystem& files,
                                                   std::filesystem::path folder) {
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(folder, 0700));
  std::unique_ptr<BlobCache> cache(new BlobCache(files, std::move(folder)));
  TUTTI_RETURN_IF_ERROR(cache->Load());
  return cache;
}

Status BlobCache::Load() {
  TUTTI_ASSIGN_OR_RETURN(const auto groups, files_.ListDirectory(folder_));
  for (const std::string& group : groups) {
    TUTTI_ASSIGN_OR_RETURN(const auto names, files_.ListDirectory(folder_ / group));
    for (const std::string& name : names) {
      if (IsSha256Hex(name)) {
        present_.insert(name);
      } else {
        TUTTI_RETURN_IF_ERROR(files_.Remove(folder_ / group / name));
      }
    }
  }
  return {};
}

std::filesystem::path BlobCache::PathOf(const std::string& hash) const {
  return folder_ / hash.substr(0, 2) / hash;
}

Result<BlobCache::Pin> BlobCache::Get(const std::string& hash, Source& source) {
  if (!IsSha256Hex(hash)) {
    return InvalidArgument("blob: expected a SHA-256 of 64 hex digits, got \"" + hash + "\"");
  }
  std::unique_lock lock(mutex_);
  fetched_.wait(lock, [&] { return !fetching_.contains(hash); });
  if (!present_.contains(hash)) {
    fetching_.insert(hash);
    lock.unlock();
    const Status status = Fetch(hash, source);
    lock.lock();
    fetching_.erase(hash);
    if (status.ok()) present_.insert(hash);
    fetched_.notify_all();
    if (!status.ok()) return status.error();
  }
  ++pins_[hash];
  return Pin(*this, hash);
}

Status BlobCache::Fetch(const std::string& hash, Source& source) {
  const std::filesystem::path path = PathOf(hash);
  TUTTI_RETURN_IF_ERROR(files_.CreateDirectories(path.parent_path(), 0700));
  return source.Download(hash, path);
}

Status BlobCache::Adopt(const std::filesystem::path& file, const std::string& hash) {
  if (!IsSha256Hex(hash)) return InvalidArgument("blob: \"" + hash + "\" is no SHA-256");
  const std::filesystem::path path = PathOf(hash);
  TUTTI_RETURN_IF_ERROR(files_.CreateDirectories(path.parent_path(), 0700));
  // Synced first: after a power loss the name must not stand for half of the bytes.
  TUTTI_RETURN_IF_ERROR(files_.SyncFile(file));
  TUTTI_RETURN_IF_ERROR(files_.Rename(file, path));
  const std::lock_guard lock(mutex_);
  present_.insert(hash);
  return {};
}

std::vector<std::string> BlobCache::Contents(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> hashes;
  for (const std::string& hash : present_) {
    if (hashes.size() >= limit) break;
    hashes.push_back(hash);
  }
  return hashes;
}

int BlobCache::PinCount(const std::string& hash) const {
  const std::lock_guard lock(mutex_);
  const auto found = pins_.find(hash);
  return found == pins_.end() ? 0 : found->second;
}

void BlobCache::Unpin(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = pins_.find(hash);
  if (found != pins_.end() && --found->second == 0) pins_.erase(found);
}

}  // namespace tutti
