#include "coordinator/upkeep/garbage_collector.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace tutti {

GarbageCollector::GarbageCollector(Surroundings surroundings,
                                   const GarbageCollectorOptions& options)
    : around_(std::move(surroundings)), options_(options) {}

GarbageCollector::~GarbageCollector() {
  Stop();
}

void GarbageCollector::Start() {
  thread_ = std::thread([this] { Run(); });
}

void GarbageCollector::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool GarbageCollector::Wait(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !stop_.wait_for(lock, duration, [this] { return stopping_; });
}

void GarbageCollector::Run() {
  do {
    if (const Status done = around_.before ? around_.before() : Status(); !done.ok()) {
      spdlog::error("retention: {}", done.error().message);
    }
    const Result<CollectionReport> done = Collect();
    if (!done.ok() && done.error().code == ErrorCode::kFailedPrecondition) {
      spdlog::info("garbage collection waits: {}", done.error().message);
    } else if (!done.ok()) {
      spdlog::error("garbage collection: nothing more is removed: {}", done.error().message);
    } else if (done->removed > 0) {
      spdlog::info("garbage collection: {} blobs ({} bytes) removed, {} are named, {} wait",
                   done->removed, done->removed_bytes, done->named, done->kept);
    }
  } while (Wait(options_.interval));
}

Result<CollectionReport> GarbageCollector::Collect() {
  const std::optional<LiveAttempts> live = around_.live_attempts();
  TUTTI_ASSIGN_OR_RETURN(
      Collection collection,
      Collection::Begin(around_.files, around_.state, around_.blobs, around_.keeper, live));
  {
    TUTTI_ASSIGN_OR_RETURN(const auto reader, around_.readers.Borrow());
    TUTTI_RETURN_IF_ERROR(collection.ReadNames(*reader));
  }
  for (int folder = 0; folder < kBlobFolders && Wait(options_.pause); ++folder) {
    TUTTI_RETURN_IF_ERROR(collection.RemoveFrom(folder));
  }
  return collection.report();
}

}  // namespace tutti
