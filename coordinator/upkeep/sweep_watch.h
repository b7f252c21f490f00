// Which sweeps have ended, or failed for the first time, since somebody was told last.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "coordinator/store/store.h"

namespace tutti {

struct SweepNotice {
  SweepId id;
  std::string event;  // "first_failure", "sweep_ended"
  std::string sweep;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::string message;  // of a first failure: the run's
};

// What was told of each sweep, and up to which event the log was read. Kept in a file, so that
// what ends while nobody looks is told after the next start.
struct SweepsTold {
  struct Sweep {
    bool ended = false;
    bool failed = false;
    friend bool operator==(const Sweep&, const Sweep&) = default;
  };
  std::int64_t last_event = 0;
  std::map<SweepId, Sweep> sweeps;

  friend bool operator==(const SweepsTold&, const SweepsTold&) = default;
};
// One line of JSON. kDataLoss: it is none, or lacks a field.
std::string ToText(const SweepsTold& told);
Result<SweepsTold> SweepsToldFromText(const std::string& text);

// Owned by one thread.
class SweepWatch {
 public:
  // told: where the last one stopped. Nothing, or of another log: the first look learns what is so
  // already and gives nothing.
  explicit SweepWatch(std::optional<SweepsTold> told = std::nullopt) : told_(std::move(told)) {}

  // What nobody was told yet: the same again until OnTold is called for it. A sweep that is tried
  // again or extended can end once more. After an error nothing is lost.
  Result<std::vector<SweepNotice>> Look(StoreReader& reader);
  void OnTold(const SweepNotice& notice);
  // Everything that the last look gave.
  void OnAllTold();

  // Requires a look.
  const SweepsTold& told() const { return *told_; }

 private:
  std::optional<SweepsTold> told_;
  SweepsTold seen_;  // by the last look
  bool is_of_this_log_ = false;
};

}  // namespace tutti
