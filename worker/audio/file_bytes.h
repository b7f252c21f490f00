// The bytes of one audio file for libsndfile's virtual I/O.
//
// Why not give it the descriptor: libsndfile 1.2 closes it when opening fails, although it was told
// not to, and then another thread's file may have its number. And this way a disk's error is known
// for what it is, whatever the decoder above makes of the missing bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

// Not thread-safe.
class FileBytes {
 public:
  // kNotFound, kPermissionDenied, kUnavailable: the system's error. kInvalidArgument: no regular
  // file.
  static Result<std::unique_ptr<FileBytes>> Open(const std::filesystem::path& path);

  std::int64_t size() const { return size_; }
  std::int64_t position() const { return position_; }
  // Absolute; may lie beyond the end, where Read gives nothing.
  void Seek(std::int64_t position) { position_ = position; }
  // How many bytes were read; fewer than asked for at the end and after an error.
  std::size_t Read(std::span<std::byte> to);
  // The first error that a Read met.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  FileBytes(UniqueFd fd, std::filesystem::path path, std::int64_t size);

  UniqueFd fd_;
  std::filesystem::path path_;
  std::int64_t size_;
  std::int64_t position_ = 0;
  std::optional<Error> failure_;
};

}  // namespace tutti
