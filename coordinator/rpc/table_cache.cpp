#include "coordinator/rpc/table_cache.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace tutti {
namespace {

// Whose tables a change may touch. Of a job's other rows each comes with an update of the job.
struct Touched {
  std::set<SweepId> sweeps;
  bool all = false;

  void operator()(const PutSweep& change) { sweeps.insert(change.row.id); }
  void operator()(const PutJob& change) { sweeps.insert(change.row.sweep); }
  void operator()(const UpdateJob& change) { sweeps.insert(change.sweep); }
  void operator()(const RemoveRun& change) { sweeps.insert(change.sweep); }
  void operator()(const PutUndecodable&) { all = true; }
  void operator()(const auto&) {}
};

}  // namespace

void TableCache::OnCommitted(const Changes& changes) {
  Touched touched;
  for (const Change& change : changes) std::visit(touched, change);
  if (touched.sweeps.empty() && !touched.all) return;
  const std::lock_guard lock(mutex_);
  ++last_;
  if (touched.all) of_all_ = last_;
  for (const SweepId sweep : touched.sweeps) of_sweep_[sweep] = last_;
}

TableCache::Version TableCache::VersionOf(SweepId sweep) const {
  const std::lock_guard lock(mutex_);
  const auto found = of_sweep_.find(sweep);
  return std::max(of_all_, found == of_sweep_.end() ? 0 : found->second);
}

TableCache::Answer TableCache::Find(SweepId sweep, const std::string& question, Version version) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(newest_first_, [&](const Entry& entry) {
    return entry.sweep == sweep && entry.question == question;
  });
  if (found == newest_first_.end() || found->version < version) return nullptr;
  newest_first_.splice(newest_first_.begin(), newest_first_, found);
  return found->answer;
}

void TableCache::Keep(SweepId sweep, std::string question, Version version, Answer answer) {
  if (answer->size() > kMostTableBytesKept) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(newest_first_, [&](const Entry& entry) {
    return entry.sweep == sweep && entry.question == question;
  });
  newest_first_.push_front({sweep, std::move(question), version, std::move(answer)});
  std::size_t tables = 0;
  std::size_t bytes = 0;
  std::erase_if(newest_first_, [&](const Entry& entry) {
    bytes += entry.answer->size();
    return ++tables > kMostTablesKept || bytes > kMostTableBytesKept;
  });
}

}  // namespace tutti
