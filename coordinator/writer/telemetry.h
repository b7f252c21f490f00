// What is measured while the coordinator works, for whoever watches over it.
#pragma once

#include <chrono>
#include <cstdint>

namespace tutti {

enum class BlobDirection { kReceived, kSent };

// Thread-safe; no call blocks.
class Telemetry {
 public:
  virtual ~Telemetry() = default;
  // One transaction was made durable, or failed.
  virtual void OnCommit(std::chrono::nanoseconds took) = 0;
  // From a durable grant to the lease that was handed to the worker's stream.
  virtual void OnLeaseSent(std::chrono::nanoseconds took) = 0;
  virtual void OnBlobBytes(BlobDirection direction, std::int64_t bytes) = 0;
};

}  // namespace tutti
