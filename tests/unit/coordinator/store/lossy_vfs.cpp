#include "tests/unit/coordinator/store/lossy_vfs.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <sqlite3.h>
#include <string>
#include <utility>

#include "common/check.h"

namespace tutti {
namespace {

struct LossyFile {
  sqlite3_file base;
  char path[4096];  // empty: not one to be kept
  // The real file's own memory follows.
};

sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs lossy_vfs;
std::filesystem::path durable_folder;
std::filesystem::path disk_folder;  // empty: any
int sync_count = 0;
LossyVfs::BeforeSync before_each_sync;

sqlite3_file* Real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<LossyFile*>(file) + 1);
}

int Sync(sqlite3_file* file, int flags) {
  const char* name = reinterpret_cast<LossyFile*>(file)->path;
  if (*name != '\0' && before_each_sync) before_each_sync(name);
  const int code = Real(file)->pMethods->xSync(Real(file), flags);
  const std::filesystem::path path = reinterpret_cast<LossyFile*>(file)->path;
  if (code != SQLITE_OK || path.empty()) return code;
  ++sync_count;
  std::filesystem::copy_file(path, durable_folder / path.filename(),
                             std::filesystem::copy_options::overwrite_existing);
  return code;
}

// Everything but Sync goes to the real file.
const sqlite3_io_methods kMethods = {
    .iVersion = 3,
    .xClose = [](sqlite3_file* f) { return Real(f)->pMethods->xClose(Real(f)); },
    .xRead = [](sqlite3_file* f, void* to, int size,
                sqlite3_int64 at) { return Real(f)->pMethods->xRead(Real(f), to, size, at); },
    .xWrite = [](sqlite3_file* f, const void* from, int size,
                 sqlite3_int64 at) { return Real(f)->pMethods->xWrite(Real(f), from, size, at); },
    .xTruncate = [](sqlite3_file* f,
                    sqlite3_int64 size) { return Real(f)->pMethods->xTruncate(Real(f), size); },
    .xSync = Sync,
    .xFileSize = [](sqlite3_file* f,
                    sqlite3_int64* size) { return Real(f)->pMethods->xFileSize(Real(f), size); },
    .xLock = [](sqlite3_file* f, int level) { return Real(f)->pMethods->xLock(Real(f), level); },
    .xUnlock = [](sqlite3_file* f,
                  int level) { return Real(f)->pMethods->xUnlock(Real(f), level); },
    .xCheckReservedLock =
        [](sqlite3_file* f, int* out) {
          return Real(f)->pMethods->xCheckReservedLock(Real(f), out);
        },
    .xFileControl = [](sqlite3_file* f, int op,
                       void* arg) { return Real(f)->pMethods->xFileControl(Real(f), op, arg); },
    .xSectorSize = [](sqlite3_file* f) { return Real(f)->pMethods->xSectorSize(Real(f)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* f) { return Real(f)->pMethods->xDeviceCharacteristics(Real(f)); },
    .xShmMap =
        [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
          return Real(f)->pMethods->xShmMap(Real(f), page, size, extend, out);
        },
    .xShmLock = [](sqlite3_file* f, int offset, int n,
                   int flags) { return Real(f)->pMethods->xShmLock(Real(f), offset, n, flags); },
    .xShmBarrier = [](sqlite3_file* f) { Real(f)->pMethods->xShmBarrier(Real(f)); },
    .xShmUnmap = [](sqlite3_file* f,
                    int remove) { return Real(f)->pMethods->xShmUnmap(Real(f), remove); },
    .xFetch = [](sqlite3_file* f, sqlite3_int64 at, int size,
                 void** out) { return Real(f)->pMethods->xFetch(Real(f), at, size, out); },
    .xUnfetch = [](sqlite3_file* f, sqlite3_int64 at,
                   void* page) { return Real(f)->pMethods->xUnfetch(Real(f), at, page); },
};

int Open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  auto* lossy = reinterpret_cast<LossyFile*>(file);
  std::memset(lossy, 0, sizeof(LossyFile));
  const int code = real_vfs->xOpen(real_vfs, name, Real(file), flags, out_flags);
  // A file without methods needs no close.
  if (Real(file)->pMethods != nullptr) lossy->base.pMethods = &kMethods;
  const bool is_ours =
      name != nullptr &&
      (disk_folder.empty() || std::filesystem::path(name).parent_path() == disk_folder);
  if (is_ours && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
    TUTTI_CHECK(std::strlen(name) < sizeof(lossy->path), "a path too long for this test");
    std::strcpy(lossy->path, name);
  }
  return code;
}

}  // namespace

LossyVfs::LossyVfs(const std::filesystem::path& durable, BeforeSync before_sync,
                   const std::filesystem::path& disk) {
  TUTTI_CHECK(real_vfs == nullptr, "one lossy disk at a time");
  real_vfs = sqlite3_vfs_find(nullptr);
  lossy_vfs = *real_vfs;  // all but opening files goes to the real one
  lossy_vfs.zName = "lossy";
  lossy_vfs.pNext = nullptr;
  lossy_vfs.szOsFile = static_cast<int>(sizeof(LossyFile)) + real_vfs->szOsFile;
  lossy_vfs.xOpen = Open;
  durable_folder = durable;
  disk_folder = disk;
  before_each_sync = std::move(before_sync);
  sync_count = 0;
  sqlite3_vfs_register(&lossy_vfs, 1);
}

LossyVfs::~LossyVfs() {
  sqlite3_vfs_unregister(&lossy_vfs);
  sqlite3_vfs_register(real_vfs, 1);
  real_vfs = nullptr;
  before_each_sync = nullptr;
}

int LossyVfs::syncs() const {
  return sync_count;
}

void WriteTornFile(const std::filesystem::path& kept, const std::filesystem::path& file,
                   std::uint32_t seed, const std::filesystem::path& to) {
  constexpr std::size_t kSector = 512;
  const auto read = [](const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  std::string torn = read(kept);
  const std::string written = read(file);
  std::mt19937 random(seed);
  if (random() % 2 == 0) torn.resize(std::max(torn.size(), written.size()), '\0');
  for (std::size_t at = 0; at < std::min(torn.size(), written.size()); at += kSector) {
    const std::size_t size = std::min({kSector, torn.size() - at, written.size() - at});
    if (random() % 2 == 0) torn.replace(at, size, written, at, size);
  }
  std::ofstream(to, std::ios::binary) << torn;
}

}  // namespace tutti
