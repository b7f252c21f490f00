// Answers that many pages ask for, made once for all of them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/clock.h"
#include "common/result.h"

namespace tutti {

struct Answer {
  std::string body;
  std::string etag;  // a hash of the body: two equal bodies have one tag, also after a start
};

// An answer counts for two seconds, and for kCostShare times what it took to make, whichever is
// longer: however many pages ask, and however large the sweep is, making one answer takes at most
// 1/kCostShare of one core. Thread-safe; of those who ask for the same at once one makes it.
class AnswerCache {
 public:
  using Make = std::function<Result<std::string>()>;
  static constexpr std::chrono::milliseconds kFresh{2'000};
  static constexpr int kCostShare = 200;

  explicit AnswerCache(const Clock& clock) : clock_(clock) {}

  // Errors are not kept. What `make` throws goes on to who asked; the others make it anew.
  Result<std::shared_ptr<const Answer>> Get(const std::string& key, const Make& make);
  // Somebody has changed something: he is to see it.
  void Forget();

 private:
  struct Entry {
    std::shared_ptr<const Answer> answer;  // null: never made
    SteadyTime until{};
    bool being_made = false;
    std::int64_t generation = 0;
  };

  void MakeRoom();
  Result<std::shared_ptr<const Answer>> MakeNow(const std::string& key, std::int64_t generation,
                                                const Make& make);
  void Keep(const std::string& key, std::int64_t generation, SteadyTime begun,
            const Result<std::shared_ptr<const Answer>>& made);

  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable made_;
  std::map<std::string, Entry> entries_;
  std::int64_t generation_ = 0;  // grows with each Forget
};

}  // namespace tutti
