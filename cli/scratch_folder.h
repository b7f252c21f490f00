// A folder for what a command needs only while it runs.
#pragma once

#include <filesystem>
#include <string>

#include "common/result.h"

namespace tutti {

// Private to the user, below the system's folder for temporary files; gone with this object.
class ScratchFolder {
 public:
  // purpose: part of its name.
  static Result<ScratchFolder> Make(const std::string& purpose);
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;  // empty: moved away
};

}  // namespace tutti
