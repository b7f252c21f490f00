// Which sweeps have ended, or failed for the first time, since the last look.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/result.h"
#include "coordinator/store/store.h"

namespace tutti {

struct SweepNotice {
  std::string event;  // "first_failure", "sweep_ended"
  std::string sweep;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t cancelled = 0;
  std::string message;  // of a first failure: the run's
};

// Owned by one thread.
class SweepWatch {
 public:
  // The first call learns what is so already and gives nothing. A sweep that is tried again or
  // extended can end once more.
  Result<std::vector<SweepNotice>> Look(StoreReader& reader);

 private:
  struct Known {
    bool ended = false;
    bool failed = false;
  };
  Result<std::vector<SweepNotice>> LookAt(SweepId id, StoreReader& reader);

  bool has_looked_ = false;
  std::int64_t last_event_ = 0;
  std::map<SweepId, Known> known_;
};

}  // namespace tutti
