#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/views.h"
#include "coordinator/rpc/worker_names.h"

namespace tutti {
namespace {

// Whether the first event above `number` happened before `since`; false where there is none.
Result<bool> IsBefore(std::int64_t number, UnixMillis since, StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const auto events, reader.Events(number, 1));
  return !events.empty() && ToInt(events[0].at) < ToInt(since);
}

// The number above which everything happened since then: numbers grow with time, so that a few
// single rows are looked at and not the log. A clock that was set back moves it by as much.
Result<std::int64_t> NumberBefore(UnixMillis since, StoreReader& reader) {
  std::int64_t low = 0;  // everything up to here happened before
  std::int64_t step = 1;
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const bool is_before, IsBefore(low + step - 1, since, reader));
    if (!is_before) break;
    low += step;
    step *= 2;
  }
  std::int64_t high = low + step - 1;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    TUTTI_ASSIGN_OR_RETURN(const bool is_before, IsBefore(middle, since, reader));
    if (is_before) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

Status ViewEvents(const v1::ListEventsRequest& request, StoreReader& reader,
                  v1::ListEventsResponse& response) {
  std::optional<SweepId> wanted;
  if (!request.sweep().empty()) {
    TUTTI_ASSIGN_OR_RETURN(const SweepRecord sweep, reader.Sweep(request.sweep()));
    wanted = sweep.id;
  }
  std::int64_t after = request.after();
  if (request.since_unix_ms() > 0) {
    TUTTI_ASSIGN_OR_RETURN(const std::int64_t number,
                           NumberBefore(UnixMillis{request.since_unix_ms()}, reader));
    after = std::max(after, number);
  }
  TUTTI_ASSIGN_OR_RETURN(const auto sweeps, reader.Sweeps());
  std::map<SweepId, std::string> sweep_names;
  for (const SweepRecord& sweep : sweeps) sweep_names[sweep.id] = sweep.name;
  TUTTI_ASSIGN_OR_RETURN(const WorkerNames worker_names, NamesOfWorkers(reader));
  const std::int64_t limit = request.limit() > 0
                                 ? std::min<std::int64_t>(request.limit(), kEventsPerPage)
                                 : kEventsPerPage;
  TUTTI_ASSIGN_OR_RETURN(const auto events, reader.Events(after, limit));
  response.set_last_number(events.empty() ? after : events.back().number);
  for (const EventRecord& event : events) {
    if (wanted && event.sweep != wanted) continue;
    v1::Event& row = *response.add_events();
    row.set_number(event.number);
    row.set_at_unix_ms(ToInt(event.at));
    row.set_kind(event.kind);
    if (event.sweep) row.set_sweep(sweep_names[*event.sweep]);
    if (event.job) row.set_job_id(event.job->value);
    row.set_attempt(event.attempt);
    if (event.worker) row.set_worker(NameOr(worker_names, *event.worker));
    row.set_detail(event.detail);
  }
  return {};
}

}  // namespace tutti
