#include "tests/support/sim_database_disk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <sqlite3.h>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"

namespace tutti {
namespace {

constexpr std::size_t kSectorBytes = 512;

// Bytes at a place; a truncation has none and the new size as its place.
struct PendingWrite {
  std::size_t at = 0;
  std::string bytes;
  bool truncates = false;
};

void ApplyTo(std::string& contents, const PendingWrite& write, std::size_t count) {
  if (write.truncates) {
    contents.resize(std::min(contents.size(), write.at));
    return;
  }
  if (contents.size() < write.at + count) contents.resize(write.at + count, '\0');
  contents.replace(write.at, count, write.bytes, 0, count);
}

struct Inode {
  std::string written;  // what readers see
  std::string durable;
  std::vector<PendingWrite> pending;
  bool has_durable_name = false;

  // Locks of the database file, and its shared memory: of this machine's life, never on disk.
  int readers = 0;
  void* reserved = nullptr;
  std::vector<std::unique_ptr<char[]>> shared_memory;
  std::array<int, SQLITE_SHM_NLOCK> shm_shared{};
  std::array<void*, SQLITE_SHM_NLOCK> shm_exclusive{};
  int shm_users = 0;
};
using InodePtr = std::shared_ptr<Inode>;

// What SQLite calls an open file.
struct SimFile {
  sqlite3_file base;
  InodePtr* inode;
  int lock_level;
  std::uint32_t shm_shared;  // slots, as bits
  bool uses_shm;
};

}  // namespace

struct SimDatabaseDisk::State {
  explicit State(std::uint64_t seed) : random(seed) {}

  SimRandom random;
  std::map<std::string, InodePtr> files;
  Fault fault = Fault::kNone;
  int failures = 0;
  int lost_writes = 0;
  bool process_ends = false;
  sqlite3_vfs* real = nullptr;
  sqlite3_vfs vfs{};
};

namespace {

SimDatabaseDisk::State* disk = nullptr;

SimFile& Sim(sqlite3_file* file) {
  return *reinterpret_cast<SimFile*>(file);
}
Inode& InodeOf(sqlite3_file* file) {
  return **Sim(file).inode;
}

// Of what waits, each write is on the disk, or is not, or is there in part.
void KeepSome(Inode& inode) {
  for (const PendingWrite& write : inode.pending) {
    std::size_t count = write.bytes.size();
    if (Chance(disk->random, 0.5)) {
      ++disk->lost_writes;
      continue;
    }
    if (count > kSectorBytes && Chance(disk->random, 0.2)) {
      count = kSectorBytes * (1 + Pick(disk->random, count / kSectorBytes));
      ++disk->lost_writes;
    }
    ApplyTo(inode.durable, write, std::min(count, write.bytes.size()));
  }
  inode.pending.clear();
}

int Close(sqlite3_file* file) {
  delete Sim(file).inode;
  Sim(file).inode = nullptr;
  return SQLITE_OK;
}

int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  const std::string& bytes = InodeOf(file).written;
  const auto begin = std::min(static_cast<std::size_t>(at), bytes.size());
  const auto count = std::min(static_cast<std::size_t>(size), bytes.size() - begin);
  std::memcpy(to, bytes.data() + begin, count);
  if (count == static_cast<std::size_t>(size)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + count, 0, static_cast<std::size_t>(size) - count);
  return SQLITE_IOERR_SHORT_READ;
}

void Put(Inode& inode, PendingWrite write) {
  ApplyTo(inode.written, write, write.bytes.size());
  inode.pending.push_back(std::move(write));
}

int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  using enum SimDatabaseDisk::Fault;
  PendingWrite write{static_cast<std::size_t>(at),
                     std::string(static_cast<const char*>(from), static_cast<std::size_t>(size)),
                     false};
  const bool fails = disk->fault == kFull || disk->fault == kShortWrite ||
                     disk->fault == kWriteError || disk->fault == kReadOnly;
  if (!fails) {
    Put(InodeOf(file), std::move(write));
    return SQLITE_OK;
  }
  ++disk->failures;
  if (disk->fault == kShortWrite) {
    write.bytes.resize(Pick(disk->random, write.bytes.size()));
    if (!write.bytes.empty()) Put(InodeOf(file), std::move(write));
  }
  const bool has_room = disk->fault == kWriteError || disk->fault == kReadOnly;
  return has_room ? SQLITE_IOERR_WRITE : SQLITE_FULL;
}

bool IsReadOnly() {
  return disk->fault == SimDatabaseDisk::Fault::kReadOnly;
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (IsReadOnly()) {
    ++disk->failures;
    return SQLITE_IOERR_TRUNCATE;
  }
  Put(InodeOf(file), {static_cast<std::size_t>(size), {}, true});
  return SQLITE_OK;
}

int Sync(sqlite3_file* file, int) {
  Inode& inode = InodeOf(file);
  if (disk->fault == SimDatabaseDisk::Fault::kSyncError) {
    ++disk->failures;
    KeepSome(inode);
    return SQLITE_IOERR_FSYNC;
  }
  for (const PendingWrite& write : inode.pending) {
    ApplyTo(inode.durable, write, write.bytes.size());
  }
  inode.pending.clear();
  inode.has_durable_name = true;
  return SQLITE_OK;
}

int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(InodeOf(file).written.size());
  return SQLITE_OK;
}

int Lock(sqlite3_file* file, int level) {
  SimFile& sim = Sim(file);
  Inode& inode = InodeOf(file);
  if (level <= sim.lock_level) return SQLITE_OK;
  const int others = inode.readers - (sim.lock_level >= SQLITE_LOCK_SHARED ? 1 : 0);
  const bool taken = inode.reserved != nullptr && inode.reserved != file;
  if (level >= SQLITE_LOCK_RESERVED && taken) return SQLITE_BUSY;
  if (level == SQLITE_LOCK_EXCLUSIVE && others > 0) return SQLITE_BUSY;
  if (sim.lock_level < SQLITE_LOCK_SHARED) ++inode.readers;
  if (level >= SQLITE_LOCK_RESERVED) inode.reserved = file;
  sim.lock_level = level;
  return SQLITE_OK;
}

int Unlock(sqlite3_file* file, int level) {
  SimFile& sim = Sim(file);
  Inode& inode = InodeOf(file);
  if (level >= sim.lock_level) return SQLITE_OK;
  if (inode.reserved == file) inode.reserved = nullptr;
  if (level == SQLITE_LOCK_NONE) --inode.readers;
  sim.lock_level = level;
  return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file* file, int* out) {
  *out = InodeOf(file).reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  Inode& inode = InodeOf(file);
  const auto index = static_cast<std::size_t>(page);
  if (!std::exchange(Sim(file).uses_shm, true)) ++inode.shm_users;
  while (extend != 0 && inode.shared_memory.size() <= index) {
    inode.shared_memory.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  }
  *out = index < inode.shared_memory.size() ? inode.shared_memory[index].get() : nullptr;
  return SQLITE_OK;
}

int ShmLock(sqlite3_file* file, int offset, int n, int flags) {
  Inode& inode = InodeOf(file);
  std::uint32_t& own = Sim(file).shm_shared;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  const auto begin = static_cast<std::size_t>(offset);
  const auto end = begin + static_cast<std::size_t>(n);
  for (std::size_t i = begin; i < end && (flags & SQLITE_SHM_LOCK) != 0; ++i) {
    const bool mine = (own >> i & 1U) != 0;
    if (inode.shm_exclusive[i] != nullptr && inode.shm_exclusive[i] != file) return SQLITE_BUSY;
    if (exclusive && inode.shm_shared[i] > (mine ? 1 : 0)) return SQLITE_BUSY;
  }
  for (std::size_t i = begin; i < end; ++i) {
    const bool mine = (own >> i & 1U) != 0;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      if (inode.shm_exclusive[i] == file) inode.shm_exclusive[i] = nullptr;
      if (mine) --inode.shm_shared[i];
      own &= ~(1U << i);
    } else if (exclusive) {
      inode.shm_exclusive[i] = file;
    } else if (!mine) {
      ++inode.shm_shared[i];
      own |= 1U << i;
    }
  }
  return SQLITE_OK;
}

int ShmUnmap(sqlite3_file* file, int remove) {
  Inode& inode = InodeOf(file);
  if (std::exchange(Sim(file).uses_shm, false)) --inode.shm_users;
  if (remove != 0 && inode.shm_users == 0) inode.shared_memory.clear();
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int question, void* answer) {
  if (question != SQLITE_FCNTL_LAST_ERRNO) return SQLITE_NOTFOUND;
  *static_cast<int*>(answer) = IsReadOnly() ? EROFS : 0;
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = Close,
    .xRead = Read,
    .xWrite = Write,
    .xTruncate = Truncate,
    .xSync = Sync,
    .xFileSize = FileSize,
    .xLock = Lock,
    .xUnlock = Unlock,
    .xCheckReservedLock = CheckReservedLock,
    .xFileControl = FileControl,
    .xSectorSize = [](sqlite3_file*) { return static_cast<int>(kSectorBytes); },
    .xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; },
    .xShmMap = ShmMap,
    .xShmLock = ShmLock,
    .xShmBarrier = [](sqlite3_file*) {},
    .xShmUnmap = ShmUnmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int Open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  InodePtr inode = std::make_shared<Inode>();
  if (name != nullptr) {
    const auto found = disk->files.find(name);
    // The store makes an empty file on the real disk first, and does not ask for one to be made.
    const bool makes = (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE)) != 0;
    if (found == disk->files.end() && (!makes || IsReadOnly())) return SQLITE_CANTOPEN;
    // As SQLite's own does where a file cannot be opened for writing.
    if (makes && IsReadOnly()) flags = SQLITE_OPEN_READONLY;
    inode = disk->files.try_emplace(name, inode).first->second;
  }
  SimFile& sim = Sim(file);
  sim = SimFile{{&kMethods}, new InodePtr(std::move(inode)), SQLITE_LOCK_NONE, 0, false};
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs*, const char* name, int) {
  if (disk->process_ends) return SQLITE_OK;
  if (IsReadOnly()) return SQLITE_IOERR_DELETE;
  return disk->files.erase(name) > 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

int Access(sqlite3_vfs*, const char* name, int, int* out) {
  *out = disk->files.contains(name) ? 1 : 0;
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(disk->random());
  return size;
}

}  // namespace

SimDatabaseDisk::SimDatabaseDisk(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {
  TUTTI_CHECK(disk == nullptr, "one simulated disk at a time");
  disk = state_.get();
  disk->real = sqlite3_vfs_find(nullptr);
  disk->vfs = *disk->real;
  disk->vfs.zName = "simulated";
  disk->vfs.pNext = nullptr;
  disk->vfs.szOsFile = static_cast<int>(sizeof(SimFile));
  disk->vfs.xOpen = Open;
  disk->vfs.xDelete = Delete;
  disk->vfs.xAccess = Access;
  disk->vfs.xRandomness = Randomness;
  disk->vfs.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
  sqlite3_vfs_register(&disk->vfs, 1);
  sqlite3_randomness(0, nullptr);  // it asks for a new beginning
}

SimDatabaseDisk::~SimDatabaseDisk() {
  sqlite3_vfs_unregister(&disk->vfs);
  sqlite3_vfs_register(disk->real, 1);
  sqlite3_randomness(0, nullptr);
  disk = nullptr;
}

void SimDatabaseDisk::Fail(Fault fault) {
  state_->fault = fault;
}

void SimDatabaseDisk::Kill(const std::function<void()>& end) {
  for (auto& [name, inode] : state_->files) {
    auto copy = std::make_shared<Inode>();
    copy->written = inode->written;
    copy->durable = inode->durable;
    copy->pending = inode->pending;
    copy->has_durable_name = inode->has_durable_name;
    inode = std::move(copy);
  }
  const Fault fault = std::exchange(state_->fault, Fault::kNone);
  state_->process_ends = true;
  end();
  state_->process_ends = false;
  state_->fault = fault;
}

void SimDatabaseDisk::LosePower(const std::function<void()>& end) {
  Kill(end);
  for (auto at = state_->files.begin(); at != state_->files.end();) {
    Inode& inode = *at->second;
    if (!inode.has_durable_name && Chance(state_->random, 0.5)) {
      at = state_->files.erase(at);
      continue;
    }
    KeepSome(inode);
    inode.written = inode.durable;
    ++at;
  }
}

int SimDatabaseDisk::failures() const {
  return state_->failures;
}
int SimDatabaseDisk::lost_writes() const {
  return state_->lost_writes;
}

}  // namespace tutti
