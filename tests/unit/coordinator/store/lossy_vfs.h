// A disk that loses power: SQLite's files as they were when they were last synced, and nothing that
// was written since.
#pragma once

#include <filesystem>

namespace tutti {

// While it lives, every database that the process opens is written through it: each sync copies the
// file, as it then is, into the folder `durable` under the same name. One at a time.
class LossyVfs {
 public:
  explicit LossyVfs(const std::filesystem::path& durable);
  ~LossyVfs();
  LossyVfs(const LossyVfs&) = delete;
  LossyVfs& operator=(const LossyVfs&) = delete;

  int syncs() const;
};

}  // namespace tutti
