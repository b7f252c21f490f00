#include "worker/daemon/blob_cache.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/check.h"
#include "common/hash.h"

namespace tutti {
namespace {

std::filesystem::file_time_type ToFileTime(UnixMillis time) {
  const std::chrono::milliseconds since_epoch(ToInt(time));
  return std::chrono::file_clock::from_sys(
      std::chrono::sys_time<std::chrono::nanoseconds>(since_epoch));
}

}  // namespace

BlobCache::Pin::~Pin() {
  if (cache_ != nullptr) cache_->Unpin(hash_);
}

BlobCache::Pin::Pin(Pin&& other) noexcept
    : cache_(std::exchange(other.cache_, nullptr)), hash_(std::move(other.hash_)) {}

Result<std::unique_ptr<BlobCache>> BlobCache::Open(FileSystem& files, const Clock& clock,
                                                   std::filesystem::path folder,
                                                   std::uint64_t limit_bytes) {
  TUTTI_RETURN_IF_ERROR(files.CreateDirectories(folder, 0700));
  std::unique_ptr<BlobCache> cache(new BlobCache(files, clock, std::move(folder), limit_bytes));
  TUTTI_RETURN_IF_ERROR(cache->Load());
  return cache;
}

Status BlobCache::Load() {
  const std::lock_guard lock(mutex_);
  TUTTI_ASSIGN_OR_RETURN(const auto groups, files_.ListDirectory(folder_));
  for (const std::string& group : groups) {
    TUTTI_ASSIGN_OR_RETURN(const auto names, files_.ListDirectory(folder_ / group));
    for (const std::string& name : names) {
      if (IsSha256Hex(name)) {
        TUTTI_RETURN_IF_ERROR(LoadBlob(name));
      } else {
        TUTTI_RETURN_IF_ERROR(files_.Remove(folder_ / group / name));
      }
    }
  }
  Shrink();
  return {};
}

Status BlobCache::LoadBlob(const std::string& hash) {
  TUTTI_ASSIGN_OR_RETURN(const std::uint64_t size, files_.FileSize(PathOf(hash)));
  std::error_code error;
  const UseTime used = std::filesystem::last_write_time(PathOf(hash), error);
  if (error) return ErrnoError(error.value(), "time of " + PathOf(hash).string());
  blobs_[hash] = {size, 0, used};
  may_go_.emplace(used, hash);
  size_bytes_ += size;
  last_use_ = std::max(last_use_, used);
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
  if (!blobs_.contains(hash)) {
    fetching_.insert(hash);
    lock.unlock();
    Status status = Fetch(hash, source);
    lock.lock();
    fetching_.erase(hash);
    if (status.ok()) status = Add(hash);
    fetched_.notify_all();
    if (!status.ok()) return status.error();
  }
  Pinned(hash);
  Shrink();
  return Pin(*this, hash);
}

Status BlobCache::Fetch(const std::string& hash, Source& source) {
  const std::filesystem::path path = PathOf(hash);
  TUTTI_RETURN_IF_ERROR(files_.CreateDirectories(path.parent_path(), 0700));
  return source.Download(hash, path);
}

Status BlobCache::Adopt(const std::filesystem::path& file, const std::string& hash) {
  if (!IsSha256Hex(hash)) return InvalidArgument("blob: \"" + hash + "\" is no SHA-256");
  std::unique_lock lock(mutex_);
  fetched_.wait(lock, [&] { return !fetching_.contains(hash); });
  if (const auto found = blobs_.find(hash); found != blobs_.end()) {
    MarkUsed(hash, found->second);
    return files_.Remove(file);
  }
  fetching_.insert(hash);
  lock.unlock();
  Status status = TakeOver(file, hash);
  lock.lock();
  fetching_.erase(hash);
  if (status.ok()) status = Add(hash);
  fetched_.notify_all();
  Shrink();
  return status;
}

Status BlobCache::TakeOver(const std::filesystem::path& file, const std::string& hash) {
  const std::filesystem::path path = PathOf(hash);
  TUTTI_RETURN_IF_ERROR(files_.CreateDirectories(path.parent_path(), 0700));
  // Synced first: after a power loss the name must not stand for half of the bytes.
  TUTTI_RETURN_IF_ERROR(files_.SyncFile(file));
  return files_.Rename(file, path);
}

std::vector<std::string> BlobCache::Contents(std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> hashes;
  for (const auto& [hash, blob] : blobs_) {
    if (hashes.size() >= limit) break;
    hashes.push_back(hash);
  }
  return hashes;
}

std::uint64_t BlobCache::size_bytes() const {
  const std::lock_guard lock(mutex_);
  return size_bytes_;
}

int BlobCache::PinCount(const std::string& hash) const {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(hash);
  return found == blobs_.end() ? 0 : found->second.pins;
}

Status BlobCache::Add(const std::string& hash) {
  TUTTI_ASSIGN_OR_RETURN(const std::uint64_t size, files_.FileSize(PathOf(hash)));
  Blob& blob = blobs_[hash];
  blob.size_bytes = size;
  size_bytes_ += size;
  may_go_.emplace(blob.used, hash);
  MarkUsed(hash, blob);
  return {};
}

void BlobCache::Pinned(const std::string& hash) {
  Blob& blob = blobs_.at(hash);
  MarkUsed(hash, blob);
  may_go_.erase({blob.used, hash});
  ++blob.pins;
}

void BlobCache::Unpin(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(hash);
  TUTTI_CHECK(found != blobs_.end() && found->second.pins > 0, "a pinned blob was forgotten");
  if (--found->second.pins > 0) return;
  may_go_.emplace(found->second.used, hash);
  MarkUsed(hash, found->second);
  Shrink();
}

// Later than every other use, also where two come in one millisecond or the clock was put back.
void BlobCache::MarkUsed(const std::string& hash, Blob& blob) {
  const bool could_go = may_go_.erase({blob.used, hash}) > 0;
  last_use_ = std::max(last_use_ + std::chrono::milliseconds(1), ToFileTime(clock_.WallNow()));
  blob.used = last_use_;
  if (could_go) may_go_.emplace(blob.used, hash);
  std::error_code error;
  std::filesystem::last_write_time(PathOf(hash), blob.used, error);
  if (error) spdlog::warn("cache: last use of {} is not kept: {}", hash, error.message());
}

void BlobCache::FreeUp(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  ShrinkTo(size_bytes_ - std::min(size_bytes_, bytes));
}

void BlobCache::ShrinkTo(std::uint64_t bytes) {
  for (auto next = may_go_.begin(); size_bytes_ > bytes && next != may_go_.end();) {
    const std::string& hash = next->second;
    const Status removed = files_.Remove(PathOf(hash));
    if (!removed.ok()) {
      spdlog::warn("cache: above its limit, and this cannot go: {}", removed.error().message);
      ++next;
      continue;
    }
    const auto blob = blobs_.find(hash);
    spdlog::debug("cache: {} goes, {} bytes", hash, blob->second.size_bytes);
    size_bytes_ -= blob->second.size_bytes;
    blobs_.erase(blob);
    next = may_go_.erase(next);
  }
}

}  // namespace tutti
