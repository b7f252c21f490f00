// The thread that removes, in the background and in small steps, blobs that nobody needs any more.
//
// It reads rows by a connection of its own and never asks the writer for more than what runs now.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "common/file_system.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/upkeep/collection.h"

namespace tutti {

struct GarbageCollectorOptions {
  std::chrono::milliseconds interval = std::chrono::minutes(10);  // from one's end to the next
  std::chrono::milliseconds pause{5};                             // between two folders
};

class GarbageCollector {
 public:
  // All outlive it.
  struct Surroundings {
    FileSystem& files;
    std::filesystem::path state;
    BlobStore& blobs;
    BlobKeeper& keeper;
    ReaderPool& readers;
    // Attempts that run now; nothing where it cannot be told. May block.
    std::function<std::optional<LiveAttempts>()> live_attempts;
    // What gives up blobs, called before each collection; may block. Null: nothing does.
    std::function<Status()> before{};
  };

  GarbageCollector(Surroundings surroundings, const GarbageCollectorOptions& options);
  ~GarbageCollector();
  GarbageCollector(const GarbageCollector&) = delete;
  GarbageCollector& operator=(const GarbageCollector&) = delete;

  // The first collection begins at once. Call once.
  void Start();
  // Leaves off where it is. Neither live_attempts nor before is called afterwards.
  void Stop();
  // One collection, on the calling thread. kFailedPrecondition: a backup is being made.
  Result<CollectionReport> Collect();

 private:
  void Run();
  // False: it is to stop.
  bool Wait(std::chrono::milliseconds duration);

  const Surroundings around_;
  const GarbageCollectorOptions options_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
