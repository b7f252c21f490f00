#include "cli/scratch_folder.h"

#include <cerrno>
#include <stdlib.h>
#include <utility>

namespace tutti {

Result<ScratchFolder> ScratchFolder::Make(const std::string& purpose) {
  std::error_code error;
  const auto base = std::filesystem::temp_directory_path(error);
  if (error) return ErrnoError(error.value(), "find the folder for temporary files (TMPDIR)");
  std::string name = (base / ("tutti-" + purpose + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) return ErrnoError(errno, "make a folder " + name);
  return ScratchFolder(name);
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace tutti
