// Uploads that are on their way, counted by client, so that none takes the others' room.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/result.h"

namespace tutti {

// Thread-safe; outlives its places.
class OpenUploads {
 public:
  // Taken while it lives.
  using Place = std::unique_ptr<void, std::function<void(void*)>>;

  explicit OpenUploads(int at_most_per_client) : at_most_(at_most_per_client) {}

  // kResourceExhausted: the client has its share already.
  Result<Place> Begin(const std::string& client);

 private:
  void End(const std::string& client);

  const int at_most_;
  std::mutex mutex_;
  std::map<std::string, int> open_;  // none without an open one
};

}  // namespace tutti
