#include "coordinator/upkeep/apply_retention.h"

#include <future>
#include <utility>

#include <spdlog/spdlog.h>

namespace tutti {
namespace {

// Of one transaction, so that the writer is not held up.
constexpr std::size_t kRunsPerCommit = 500;

Status Commit(Writer& writer, Changes changes) {
  std::promise<Status> answered;
  writer.Post(
      [changes = std::move(changes)](Core&, Moment, Changes& all) {
        all.insert(all.end(), changes.begin(), changes.end());
      },
      [&answered](const Status& committed) { answered.set_value(committed); });
  return answered.get_future().get();
}

}  // namespace

Result<std::int64_t> ApplyRetention(const RetentionOptions& options, const Clock& clock,
                                    ReaderPool& readers, Writer& writer) {
  if (!options.any()) return std::int64_t{0};
  std::vector<KeptRun> chosen;
  {
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers.Borrow());
    TUTTI_ASSIGN_OR_RETURN(auto runs, ReadKeptRuns(*reader));
    chosen = ChooseToForget(std::move(runs), options, clock.WallNow());
  }
  for (std::size_t at = 0; at < chosen.size(); at += kRunsPerCommit) {
    Changes changes;
    for (std::size_t i = at; i < std::min(chosen.size(), at + kRunsPerCommit); ++i) {
      Changes one = ForgetWeights(chosen[i], options, clock.WallNow());
      changes.insert(changes.end(), one.begin(), one.end());
    }
    TUTTI_RETURN_IF_ERROR(Commit(writer, std::move(changes)));
  }
  if (!chosen.empty()) spdlog::info("retention: weights of {} runs are given up", chosen.size());
  return static_cast<std::int64_t>(chosen.size());
}

}  // namespace tutti
