#include "coordinator/http/answer_cache.h"

#include <algorithm>

#include "common/hash.h"
#include "coordinator/http/limits.h"

namespace tutti {
namespace {

constexpr std::size_t kTagDigits = 24;

}  // namespace

// The one that goes is the one that counts for the shortest time still.
void AnswerCache::MakeRoom() {
  while (entries_.size() >= kMaxKeptAnswers) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->second.being_made) continue;
      if (oldest == entries_.end() || entry->second.until < oldest->second.until) oldest = entry;
    }
    if (oldest == entries_.end()) return;  // as many as there are threads: all are being made
    entries_.erase(oldest);
  }
}

Result<std::shared_ptr<const Answer>> AnswerCache::Get(const std::string& key, const Make& make) {
  std::int64_t generation = 0;
  {
    std::unique_lock lock(mutex_);
    made_.wait(lock, [&] {
      const auto found = entries_.find(key);
      return found == entries_.end() || !found->second.being_made;
    });
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.generation == generation_ &&
        clock_.SteadyNow() < found->second.until) {
      return found->second.answer;
    }
    if (found == entries_.end()) MakeRoom();
    entries_[key].being_made = true;
    generation = generation_;
  }
  try {
    return MakeNow(key, generation, make);
  } catch (...) {  // those who wait for it are not to wait for ever
    Keep(key, generation, clock_.SteadyNow(), Internal("no answer was made"));
    throw;
  }
}

Result<std::shared_ptr<const Answer>> AnswerCache::MakeNow(const std::string& key,
                                                           std::int64_t generation,
                                                           const Make& make) {
  const SteadyTime begun = clock_.SteadyNow();
  Result<std::string> body = make();
  Result<std::shared_ptr<const Answer>> made =
      body.ok() ? Result<std::shared_ptr<const Answer>>(std::make_shared<const Answer>(
                      Answer{*body, "\"" + Sha256Hex(*body).substr(0, kTagDigits) + "\""}))
                : Result<std::shared_ptr<const Answer>>(body.error());
  Keep(key, generation, begun, made);
  return made;
}

void AnswerCache::Keep(const std::string& key, std::int64_t generation, SteadyTime begun,
                       const Result<std::shared_ptr<const Answer>>& made) {
  const std::lock_guard lock(mutex_);
  if (made.ok()) {
    const SteadyTime now = clock_.SteadyNow();
    const auto counts = std::max<std::chrono::nanoseconds>(kFresh, kCostShare * (now - begun));
    entries_[key] = {*made, now + counts, false, generation};
  } else {
    entries_.erase(key);
  }
  made_.notify_all();
}

void AnswerCache::Forget() {
  const std::lock_guard lock(mutex_);
  ++generation_;
}

}  // namespace tutti
