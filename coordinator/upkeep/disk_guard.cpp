#include "coordinator/upkeep/disk_guard.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tutti {
namespace {

constexpr std::uint64_t kShareLeftToTheDatabase = 4;

std::string Mebibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 >> 20;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

}  // namespace

DiskGuard::DiskGuard(std::filesystem::path state, Free free, const DiskGuardOptions& options)
    : state_(std::move(state)), free_(std::move(free)), options_(options) {}

Status DiskGuard::AllowNewWork(std::int64_t bytes) const {
  return Require(options_.min_free_bytes, bytes, "no new work is taken");
}

Status DiskGuard::AllowResult(std::int64_t bytes) const {
  return Require(options_.min_free_bytes / kShareLeftToTheDatabase, bytes,
                 "what was made cannot be taken yet");
}

Status DiskGuard::Require(std::uint64_t reserve, std::int64_t bytes,
                          const std::string& refused) const {
  const Result<std::uint64_t> free = free_();
  const std::uint64_t needed =
      reserve + static_cast<std::uint64_t>(std::max<std::int64_t>(0, bytes));
  if (!free.ok() || *free >= needed) return {};
  return ResourceExhausted(refused + ": the disk of the coordinator's state folder " +
                           state_.string() + " is nearly full: " + Mebibytes(*free) +
                           " are free, " + Mebibytes(needed) +
                           " are needed; make room there (tutti delete SWEEP, --weights-quota) or "
                           "start it with a smaller --min-free; it goes on by itself then");
}

}  // namespace tutti
