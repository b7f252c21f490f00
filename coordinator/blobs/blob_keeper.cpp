#include "coordinator/blobs/blob_keeper.h"

#include <algorithm>

#include "common/hash.h"

namespace tutti {

BlobHold::BlobHold(BlobHold&& other) noexcept
    : keeper_(std::exchange(other.keeper_, nullptr)),
      hashes_(std::move(other.hashes_)),
      missing_(std::move(other.missing_)) {}

BlobHold::~BlobHold() {
  if (keeper_ != nullptr) keeper_->Release(hashes_);
}

BlobKeeper::BlobKeeper(BlobStore& blobs, const Clock& clock, const BlobKeeperOptions& options)
    : blobs_(blobs), clock_(clock), options_(options), parts_(clock) {}

Result<bool> BlobKeeper::Pin(std::string_view hash, const std::optional<WorkerId>& worker) {
  TUTTI_RETURN_IF_ERROR(blobs_.Path(hash));
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[std::string(hash)];
    entry.pinned_until = clock_.SteadyNow() + options_.pin;
    if (worker) entry.workers[*worker] = WorkerPin{};
  }
  return blobs_.Has(hash);
}

Result<BlobHold> BlobKeeper::Hold(std::vector<std::string> hashes) {
  for (const std::string& hash : hashes) TUTTI_RETURN_IF_ERROR(blobs_.Path(hash));
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& hash : hashes) ++entries_[hash].holds;
  }
  BlobHold hold(*this, std::move(hashes));
  for (const std::string& hash : hold.hashes_) {
    TUTTI_ASSIGN_OR_RETURN(const bool there, blobs_.Has(hash));
    if (!there) hold.missing_.push_back(hash);
  }
  return hold;
}

void BlobKeeper::Release(const std::vector<std::string>& hashes) {
  const std::lock_guard lock(mutex_);
  for (const std::string& hash : hashes) {
    Entry& entry = entries_[hash];
    entry.holds = std::max(0, entry.holds - 1);
    entry.marked_in = collection_;
  }
}

void BlobKeeper::UpdateWorkers(Entry& entry, const LiveAttempts& live) {
  static const LiveAttempts::mapped_type kNone;
  for (auto worker = entry.workers.begin(); worker != entry.workers.end();) {
    auto& [id, pin] = *worker;
    const bool is_older = std::exchange(pin.is_older, true);
    const auto found = live.find(id);
    const auto& now_live = found == live.end() ? kNone : found->second;
    if (is_older && !pin.attempts) pin.attempts = now_live;
    if (pin.attempts) {
      std::erase_if(*pin.attempts, [&](const auto& one) { return !now_live.contains(one); });
    }
    const bool has_ended = pin.attempts && pin.attempts->empty();
    worker = has_ended ? entry.workers.erase(worker) : std::next(worker);
  }
}

bool BlobKeeper::IsKept(const Entry& entry, SteadyTime now) const {
  return entry.holds > 0 || entry.pinned_until > now || !entry.workers.empty() ||
         entry.marked_in == collection_;
}

void BlobKeeper::BeginCollection(const std::optional<LiveAttempts>& live) {
  parts_.RemoveOld();
  const SteadyTime now = clock_.SteadyNow();
  const std::lock_guard lock(mutex_);
  const std::uint64_t before = collection_++;
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    if (live) UpdateWorkers(entry, *live);
    // What the last collection found without a name has begun to settle: that is not forgotten.
    const bool forget = !IsKept(entry, now) && (before == 0 || entry.unnamed_in != before);
    it = forget ? entries_.erase(it) : std::next(it);
  }
}

Result<SteadyTime> BlobKeeper::FirstPin(std::string_view hash, SteadyTime now) const {
  TUTTI_ASSIGN_OR_RETURN(const UnixMillis written, blobs_.WrittenAt(hash));
  const std::chrono::milliseconds age(ToInt(clock_.WallNow()) - ToInt(written));
  const auto rest = std::clamp(options_.pin - age, std::chrono::milliseconds(0), options_.pin);
  return now + std::max(rest, options_.settle);
}

Result<bool> BlobKeeper::RemoveUnnamed(std::string_view hash) {
  TUTTI_RETURN_IF_ERROR(blobs_.Path(hash));
  Result<std::filesystem::path> retired = RetireUnnamed(hash);
  if (!retired.ok() && retired.error().code == ErrorCode::kNotFound) return false;
  if (!retired.ok()) return retired.error();
  if (retired->empty()) return false;
  TUTTI_RETURN_IF_ERROR(blobs_.Discard(*retired));
  return true;
}

Result<std::filesystem::path> BlobKeeper::RetireUnnamed(std::string_view hash) {
  const SteadyTime now = clock_.SteadyNow();
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = entries_.try_emplace(std::string(hash));
  Entry& entry = found->second;
  const bool is_marked = entry.marked_in == collection_;
  if (is_new || (entry.unnamed_in == 0 && !is_marked)) {
    TUTTI_ASSIGN_OR_RETURN(const SteadyTime first, FirstPin(hash, now));
    entry.pinned_until = std::max(entry.pinned_until, first);
  }
  // A hold that was let go may have named it since the rows were read.
  entry.unnamed_in = is_marked ? 0 : collection_;
  if (IsKept(entry, now)) return std::filesystem::path();
  entries_.erase(found);
  return blobs_.Retire(hash);
}

}  // namespace tutti
