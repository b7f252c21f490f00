#include "worker/audio/preprocess.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include <sys/mman.h>

#include "worker/audio/clip.h"
#include "worker/audio/finite.h"
#include "worker/audio/mel.h"
#include "worker/audio/shard.h"

namespace tutti {
namespace {

Error OutOfMemory(const std::string& doing) {
  return ResourceExhausted("out of memory while " + doing +
                           ": give the worker fewer slots or a machine with more memory");
}

constexpr std::size_t kLargePage = 2 << 20;

struct Free {
  void operator()(float* values) const { std::free(values); }
};
using Values = std::unique_ptr<float[], Free>;

// In large pages where the kernel has them: a row of a track of 30 s is 165 small ones, and to get
// these takes longer than the logarithm of all its values. Throws std::bad_alloc.
Values AllocateValues(std::size_t count) {
  const std::size_t bytes = (count * sizeof(float) / kLargePage + 1) * kLargePage;
  Values values(static_cast<float*>(std::aligned_alloc(kLargePage, bytes)));
  if (!values) throw std::bad_alloc();
  if (bytes > kLargePage) ::madvise(values.get(), bytes, MADV_HUGEPAGE);
  return values;
}

// The rows of all tracks, in memory that is only touched when a row is made.
class RowBuffer {
 public:
  // Throws std::bad_alloc.
  RowBuffer(std::size_t rows, std::size_t row_values)
      : row_values_(row_values), decoded_(rows, 0), values_(AllocateValues(rows * row_values)) {}

  std::span<float> row(std::size_t i) { return {values_.get() + i * row_values_, row_values_}; }
  void SetDecoded(std::size_t i) { decoded_[i] = 1; }
  bool decoded(std::size_t i) const { return decoded_[i] != 0; }

  // Moves the decoded rows together, in order; returns their values.
  std::span<const float> Compact() {
    std::size_t to = 0;
    for (std::size_t from = 0; from < decoded_.size(); ++from) {
      if (!decoded(from)) continue;
      if (from != to) std::ranges::copy(row(from), row(to).begin());
      ++to;
    }
    return {values_.get(), to * row_values_};
  }

 private:
  std::size_t row_values_;
  std::vector<char> decoded_;  // not bool: neighbours are written by different threads
  Values values_;
};

class ShardMaker {
 public:
  ShardMaker(const std::vector<PreprocessTrack>& tracks, const FeatureSpec& spec,
             const Clock& clock, const std::atomic<bool>& cancelled, PreprocessObserver& observer)
      : tracks_(tracks),
        spec_(spec),
        clock_(clock),
        cancelled_(cancelled),
        observer_(observer),
        rows_(tracks.size(), ShardRowValues(spec)) {}

  Result<PreprocessReport> Make(std::int64_t threads, const std::filesystem::path& shard) {
    const SteadyTime started = clock_.SteadyNow();
    TUTTI_ASSIGN_OR_RETURN(extractor_, MelExtractor::Create(ToMelOptions(spec_)));
    TUTTI_RETURN_IF_ERROR(RunThreads(threads));
    if (cancelled_) return Error{ErrorCode::kCancelled, "cancelled"};
    if (failure_) return *failure_;
    const SteadyTime writing = clock_.SteadyNow();
    TUTTI_RETURN_IF_ERROR(WriteShard(shard, spec_, DecodedHashes(), rows_.Compact()));
    report_.write_seconds = SecondsSince(writing);
    report_.total_seconds = SecondsSince(started);
    return report_;
  }

 private:
  double SecondsSince(SteadyTime then) const {
    return std::chrono::duration<double>(clock_.SteadyNow() - then).count();
  }

  Status RunThreads(std::int64_t threads) {
    const auto useful = std::min(static_cast<std::size_t>(threads), tracks_.size());
    std::vector<std::jthread> helpers;  // joined before this returns; this thread works too
    try {
      for (std::size_t i = 1; i < useful; ++i) helpers.emplace_back([this] { Work(); });
    } catch (const std::system_error& e) {
      stop_ = true;
      return ResourceExhausted(std::string("cannot start a thread: ") + e.what());
    }
    Work();
    return {};
  }

  void Work() {
    while (!stop_ && !cancelled_) {
      const std::size_t i = next_++;
      if (i >= tracks_.size()) return;
      try {
        Finish(i, MakeRow(i));
      } catch (const std::bad_alloc&) {
        Finish(i, OutOfMemory("preprocessing " + tracks_[i].audio.string()));
      }
    }
  }

  Status MakeRow(std::size_t i) {
    const SteadyTime started = clock_.SteadyNow();
    float peak = 0;
    auto clip = LoadClip(tracks_[i].audio, spec_);
    const SteadyTime loaded = clock_.SteadyNow();
    Status computed;
    if (clip.ok()) {
      peak = Peak(*clip);
      computed = extractor_->ComputeInto(*clip, rows_.row(i));
      if (!computed.ok()) computed = Annotate(computed.error(), tracks_[i].audio.string());
    } else {
      computed = clip.error();
    }
    const std::scoped_lock lock(mutex_);
    if (computed.ok()) report_.peak = std::max(report_.peak, static_cast<double>(peak));
    report_.load_seconds += std::chrono::duration<double>(loaded - started).count();
    report_.compute_seconds += SecondsSince(loaded);
    return computed;
  }

  void Finish(std::size_t i, const Status& made) {
    const std::scoped_lock lock(mutex_);
    if (made.ok()) {
      rows_.SetDecoded(i);
      ++report_.rows;
    } else if (made.error().code == ErrorCode::kDataLoss) {
      ++report_.undecodable;
      observer_.OnUndecodable(tracks_[i], made.error().message);
    } else {
      if (!failure_) failure_ = made.error();
      stop_ = true;
      return;
    }
    observer_.OnProgress(report_.rows + report_.undecodable, tracks_.size());
  }

  std::vector<std::string> DecodedHashes() const {
    std::vector<std::string> hashes;
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
      if (rows_.decoded(i)) hashes.push_back(tracks_[i].content_hash);
    }
    return hashes;
  }

  const std::vector<PreprocessTrack>& tracks_;
  const FeatureSpec& spec_;
  const Clock& clock_;
  const std::atomic<bool>& cancelled_;
  PreprocessObserver& observer_;

  std::unique_ptr<MelExtractor> extractor_;
  RowBuffer rows_;  // each thread writes only the row that it took
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards what follows, and the observer
  std::optional<Error> failure_;
  PreprocessReport report_;
};

}  // namespace

Result<PreprocessReport> Preprocess(const std::vector<PreprocessTrack>& tracks,
                                    const FeatureSpec& spec, std::int64_t threads,
                                    const std::filesystem::path& shard, const Clock& clock,
                                    const std::atomic<bool>& cancelled,
                                    PreprocessObserver& observer) {
  if (threads < 1 || threads > kMaxPreprocessThreads) {
    return InvalidArgument("threads: expected 1 to " + std::to_string(kMaxPreprocessThreads) +
                           ", got " + std::to_string(threads));
  }
  const std::size_t row_bytes = ShardRowValues(spec) * sizeof(float);
  if (tracks.size() > kMaxShardBytes / row_bytes) {
    return InvalidArgument("shard: " + std::to_string(tracks.size()) + " tracks of " +
                           std::to_string(row_bytes) + " bytes are more than the " +
                           std::to_string(kMaxShardBytes) + " that a shard may have");
  }
  try {
    return ShardMaker(tracks, spec, clock, cancelled, observer).Make(threads, shard);
  } catch (const std::bad_alloc&) {
    return OutOfMemory("making room for " + std::to_string(tracks.size()) + " tracks");
  }
}

}  // namespace tutti
