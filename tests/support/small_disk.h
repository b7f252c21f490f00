// A disk of a few MiB, for tests of what happens when it is full.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/support/temp_dir.h"

namespace tutti {

// A tmpfs in a folder of its own; gone with this object. Needs the right to mount.
class SmallDisk {
 public:
  explicit SmallDisk(std::int64_t mebibytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Empty: it is there. Else why not: the test is skipped.
  const std::string& why_not() const { return why_not_; }
  const std::filesystem::path& path() const { return folder_.path(); }
  std::int64_t free_bytes() const;

  // Takes all room but this much, by a file of its own.
  void FillLeaving(std::int64_t bytes);
  // Takes the file away again.
  void Free();

 private:
  std::filesystem::path ballast() const { return folder_ / "ballast"; }

  TempDir folder_;
  std::string why_not_;
};

}  // namespace tutti
