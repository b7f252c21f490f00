// Room on the state folder's disk, kept for the results of what runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "common/result.h"

namespace tutti {

struct DiskGuardOptions {
  // Below this no new work is taken: no submits, datasets, uploads of clients, leases. What runs
  // may still upload what it made, down to a quarter of it, which is left to the database.
  std::uint64_t min_free_bytes = 256ULL << 20;
};

// Thread-safe.
class DiskGuard {
 public:
  using Free = std::function<Result<std::uint64_t>()>;

  // state: for messages. free: asked at each call; an error of it lets everything through, since
  // the write itself will tell.
  DiskGuard(std::filesystem::path state, Free free, const DiskGuardOptions& options);

  // kResourceExhausted, with how much is free, how much is needed and what to do. bytes: of an
  // upload that is about to come.
  Status AllowNewWork(std::int64_t bytes = 0) const;
  Status AllowResult(std::int64_t bytes) const;

 private:
  Status Require(std::uint64_t reserve, std::int64_t bytes, const std::string& refused) const;

  const std::filesystem::path state_;
  const Free free_;
  const DiskGuardOptions options_;
};

}  // namespace tutti
