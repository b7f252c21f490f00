// Result tables as they were last answered, for sweeps that have not changed since: many may look
// at a table, and a table of 100,000 runs takes longer to make than to send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "coordinator/core/changes.h"

namespace tutti {

inline constexpr std::size_t kMostTablesKept = 32;
inline constexpr std::size_t kMostTableBytesKept = 64 << 20;

// Thread-safe.
class TableCache {
 public:
  // A larger one is newer.
  using Version = std::uint64_t;
  using Answer = std::shared_ptr<const std::string>;

  // What the writer has committed, or tried to: before anybody is told.
  void OnCommitted(const Changes& changes);

  // To be asked before the sweep's rows are read: what is made of them is of this version at least.
  Version VersionOf(SweepId sweep) const;
  // question: what tells tables of one sweep apart. Null: none is kept, or the sweep has changed.
  Answer Find(SweepId sweep, const std::string& question, Version version);
  void Keep(SweepId sweep, std::string question, Version version, Answer answer);

 private:
  struct Entry {
    SweepId sweep;
    std::string question;
    Version version = 0;
    Answer answer;
  };

  mutable std::mutex mutex_;
  Version last_ = 0;
  Version of_all_ = 0;  // when something changed that any sweep's table may tell
  std::unordered_map<SweepId, Version> of_sweep_;
  std::list<Entry> newest_first_;
};

}  // namespace tutti
