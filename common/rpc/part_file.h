// A file on its way to this machine: beside its place under another name, until it is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/hash.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace tutti {

// TO.part-HASH (the hash's first digits), locked by who fills it. A download that breaks off leaves
// it there, and the next one of the same goes on at its end; somebody else who wants the same at
// the same time has a file of his own, which never stays. Used by one thread.
class PartFile {
 public:
  enum class Begin { kWhereItIs, kAnew };
  static Result<PartFile> Open(const std::filesystem::path& to, const std::string& hash,
                               Begin begin);
  PartFile(PartFile&& other) noexcept;
  PartFile& operator=(PartFile&&) = delete;
  ~PartFile();

  std::int64_t size_bytes() const { return size_bytes_; }
  // Of what is there.
  Status Read(Sha256& hash) const;
  // An error leaves no file.
  Status Append(std::string_view bytes);
  // It is whole, durable, and in its place.
  Status Finish();
  // Why it did not become whole. Kept only where the way broke off.
  void LeaveAfter(const Error& why);

 private:
  PartFile(std::filesystem::path to, std::filesystem::path path, UniqueFd fd, bool may_stay,
           std::int64_t size_bytes);

  std::filesystem::path to_;
  std::filesystem::path path_;
  UniqueFd fd_;
  bool may_stay_;
  bool stays_ = false;
  std::int64_t size_bytes_ = 0;
};

}  // namespace tutti
