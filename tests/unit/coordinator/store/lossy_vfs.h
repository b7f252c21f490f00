// A disk that loses power: SQLite's files as they were when they were last synced, and nothing that
// was written since.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace tutti {

// While it lives, every database that the process opens is written through it: each sync copies the
// file, as it then is, into the folder `durable` under the same name. One at a time.
class LossyVfs {
 public:
  // before_sync: called with the file that is about to be synced. disk: databases in other folders
  // are left alone; empty: none are.
  using BeforeSync = std::function<void(const std::filesystem::path& file)>;

  explicit LossyVfs(const std::filesystem::path& durable, BeforeSync before_sync = nullptr,
                    const std::filesystem::path& disk = {});
  ~LossyVfs();
  LossyVfs(const LossyVfs&) = delete;
  LossyVfs& operator=(const LossyVfs&) = delete;

  int syncs() const;
};

// What a disk may hold of `file` when the power fails just before it is synced: of each sector that
// was written since the last sync, the old bytes or the new ones, by chance. `kept`: the file as it
// was last synced; it may be missing.
void WriteTornFile(const std::filesystem::path& kept, const std::filesystem::path& file,
                   std::uint32_t seed, const std::filesystem::path& to);

}  // namespace tutti
