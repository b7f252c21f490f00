#include <algorithm>
#include <string>

#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/views.h"

namespace tutti {
namespace {

std::string StateOf(const WorkerStatus& worker) {
  if (!worker.connected) return "away";
  if (worker.drained) return worker.live.empty() ? "drained" : "draining";
  if (worker.draining) return "draining";
  const bool aside = std::ranges::any_of(
      worker.set_aside, [](const SetAside& place) { return place.device.empty(); });
  return aside ? "set aside" : "connected";
}

void AddStatus(const WorkerStatus& worker, UnixMillis now, v1::WorkerInfo& info) {
  info.set_state(StateOf(worker));
  info.set_connected(worker.connected);
  info.set_draining(worker.draining);
  info.set_drained(worker.drained);
  info.set_busy_slots(static_cast<std::int32_t>(worker.live.size()));
  for (const AttemptKey& attempt : worker.live) *info.add_running() = ToProto(attempt);
  for (const SetAside& place : worker.set_aside) {
    v1::WorkerInfo::SetAside& row = *info.add_set_aside();
    row.set_device(place.device);
    row.set_reason(place.reason);
    if (place.until > now) row.set_until_unix_ms(ToInt(place.until));
    row.set_times(place.times);
  }
  for (const JobKind kind : worker.kinds) info.add_kinds(ToProto(kind));
  info.mutable_devices()->Add(worker.devices.begin(), worker.devices.end());
  info.mutable_data_roots()->Add(worker.data_roots.begin(), worker.data_roots.end());
}

}  // namespace

Status ViewWorkers(const std::vector<WorkerStatus>& status, UnixMillis now, StoreReader& reader,
                   v1::ListWorkersResponse& response) {
  TUTTI_ASSIGN_OR_RETURN(const auto workers, reader.Workers());
  for (const WorkerRecord& worker : workers) {
    v1::WorkerInfo& info = *response.add_workers();
    info.set_id(worker.id.value);
    info.set_name(worker.name);
    info.set_host(worker.host);
    info.set_version(worker.version);
    info.set_slots(worker.slots);
    info.set_cores(worker.cores);
    info.set_last_seen_unix_ms(ToInt(worker.last_seen));
    const auto known = std::ranges::find(status, worker.id, &WorkerStatus::id);
    if (known != status.end()) AddStatus(*known, now, info);
  }
  return {};
}

}  // namespace tutti
