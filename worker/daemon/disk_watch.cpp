#include "worker/daemon/disk_watch.h"

#include <string>
#include <utility>

namespace tutti {
namespace {

constexpr unsigned kPrivateFile = 0600;
// More than a block, so that a disk without any is noticed.
constexpr std::size_t kProbeBytes = 8'192;

std::string Mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

}  // namespace

DiskWatch::DiskWatch(FileSystem& files, std::filesystem::path folder, Free free, BlobCache& cache,
                     std::uint64_t min_free_bytes)
    : files_(files),
      folder_(std::move(folder)),
      free_(std::move(free)),
      cache_(cache),
      min_free_bytes_(min_free_bytes) {}

Status DiskWatch::Check() {
  const std::filesystem::path probe = folder_ / "disk-probe";
  const Status written =
      files_.WriteFileAtomically(probe, std::string(kProbeBytes, '.'), kPrivateFile);
  if (!written.ok()) return Annotate(written.error(), "the worker's disk cannot be written");
  TUTTI_RETURN_IF_ERROR(files_.Remove(probe));
  Result<std::uint64_t> free = free_();
  if (free.ok() && *free < min_free_bytes_) {
    cache_.FreeUp(min_free_bytes_ - *free);
    free = free_();
  }
  if (!free.ok() || *free >= min_free_bytes_) return {};
  return ResourceExhausted("the worker's disk is nearly full: " + Mebibytes(*free) +
                           " are free where " + folder_.string() + " lies, " +
                           Mebibytes(min_free_bytes_) +
                           " are wanted: make room there, or give a smaller --min-free");
}

}  // namespace tutti
