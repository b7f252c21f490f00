#include "coordinator/http/read_views.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/rpc/words.h"

namespace tutti {
namespace {

using Stub = v1::SweepService::Stub;

// Of the list of sweeps: more would cost more than a look at a list may.
constexpr int kEstimatesShown = 10;

OrderedJson RemainingJson(const v1::GetSweepResponse& sweep) {
  if (!sweep.has_remaining_low_seconds() || !sweep.has_remaining_high_seconds()) return {};
  return OrderedJson::array({sweep.remaining_low_seconds(), sweep.remaining_high_seconds()});
}

bool IsRunning(const v1::SweepInfo& sweep) {
  return std::ranges::any_of(sweep.runs(), [](const v1::PhaseCount& count) {
    return count.jobs() > 0 &&
           (count.phase() == v1::JOB_PHASE_RUNNING || count.phase() == v1::JOB_PHASE_LEASED);
  });
}

Result<v1::GetSweepResponse> GetSweep(Gateway& gateway, const std::string& token,
                                      const std::string& name) {
  v1::GetSweepRequest request;
  request.set_name(name);
  return gateway.Call(&Stub::GetSweep, token, request);
}

}  // namespace

Result<OrderedJson> SweepsJson(Gateway& gateway, const std::string& token) {
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         gateway.Call(&Stub::ListSweeps, token, v1::ListSweepsRequest()));
  std::vector<v1::SweepInfo> newest_first(reply.sweeps().begin(), reply.sweeps().end());
  std::ranges::stable_sort(newest_first, std::greater(), &v1::SweepInfo::created_at_unix_ms);
  OrderedJson sweeps = OrderedJson::array();
  int estimates = 0;
  for (const v1::SweepInfo& sweep : newest_first) {
    OrderedJson row = ToJson(sweep);
    row["remaining_seconds"] = nullptr;
    if (IsRunning(sweep) && estimates++ < kEstimatesShown) {
      // It may have been deleted meanwhile: then nothing is left.
      const auto details = GetSweep(gateway, token, sweep.name());
      if (details.ok()) row["remaining_seconds"] = RemainingJson(*details);
    }
    sweeps.push_back(std::move(row));
  }
  return OrderedJson{{"sweeps", std::move(sweeps)}};
}

Result<OrderedJson> SweepJson(Gateway& gateway, const std::string& token, const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const auto sweep, GetSweep(gateway, token, name));
  v1::GetTableRequest wanted;
  wanted.set_sweep(name);
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::GetTable, token, wanted));
  TUTTI_ASSIGN_OR_RETURN(OrderedJson table, ToJson(reply));
  OrderedJson running = OrderedJson::array();
  for (const v1::JobInfo& job : sweep.running()) running.push_back(ToJson(job));
  OrderedJson undecodable = OrderedJson::array();
  for (const auto& track : sweep.undecodable()) {
    undecodable.push_back(
        {{"path", track.path()}, {"message", track.message()}, {"worker", track.worker()}});
  }
  return OrderedJson{{"sweep", ToJson(sweep.sweep())},
                     {"remaining_seconds", RemainingJson(sweep)},
                     {"running", std::move(running)},
                     {"undecodable", std::move(undecodable)},
                     {"sweep_file", sweep.sweep_file()},
                     {"axes", std::vector<std::string>(reply.axes().begin(), reply.axes().end())},
                     {"table", std::move(table)}};
}

Result<OrderedJson> CostJson(Gateway& gateway, const std::string& token, const std::string& name) {
  v1::GetSweepRequest request;
  request.set_name(name);
  request.set_busy_time(true);
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::GetSweep, token, request));
  OrderedJson rows = OrderedJson::array();
  for (const auto& row : reply.busy_time()) {
    rows.push_back({{"kind", KindName(row.kind())},
                    {"model", row.model()},
                    {"attempts", row.attempts()},
                    {"running", row.running()},
                    {"seconds", row.seconds()},
                    {"lost_seconds", row.lost_seconds()}});
  }
  return OrderedJson{{"cost", std::move(rows)}};
}

Result<OrderedJson> JobsJson(Gateway& gateway, const std::string& token, const std::string& sweep,
                             std::int64_t after) {
  v1::ListJobsRequest request;
  request.set_sweep(sweep);
  request.set_after_job_id(after);
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::ListJobs, token, request));
  OrderedJson jobs = OrderedJson::array();
  for (const v1::JobInfo& job : reply.jobs()) jobs.push_back(ToJson(job));
  return OrderedJson{{"jobs", std::move(jobs)}, {"more", reply.more()}};
}

Result<OrderedJson> JobJson(Gateway& gateway, const std::string& token, std::int64_t id) {
  v1::GetJobRequest request;
  request.set_id(id);
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::GetJob, token, request));
  OrderedJson predictions = OrderedJson::array();
  for (const auto& row : reply.predictions()) {
    predictions.push_back({{"path", row.path()},
                           {"label", row.label()},
                           {"predicted", row.predicted()},
                           {"votes", std::vector<int>(row.votes().begin(), row.votes().end())}});
  }
  return OrderedJson{
      {"job", ToJson(reply)},
      {"classes", std::vector<std::string>(reply.classes().begin(), reply.classes().end())},
      {"predictions", std::move(predictions)}};
}

Result<OrderedJson> LogJson(Gateway& gateway, const std::string& token, std::int64_t job,
                            std::int32_t attempt, std::int64_t after) {
  v1::GetLogRequest request;
  request.set_job_id(job);
  request.set_attempt(attempt);
  request.set_after(after);
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::GetLog, token, request));
  return OrderedJson{
      {"attempt", reply.attempt()},
      {"lines", std::vector<std::string>(reply.lines().begin(), reply.lines().end())},
      {"last", reply.last()},
      {"ended", reply.ended()}};
}

Result<OrderedJson> WorkersJson(Gateway& gateway, const std::string& token) {
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         gateway.Call(&Stub::ListWorkers, token, v1::ListWorkersRequest()));
  OrderedJson workers = OrderedJson::array();
  for (const v1::WorkerInfo& worker : reply.workers()) workers.push_back(ToJson(worker));
  return OrderedJson{{"workers", std::move(workers)}};
}

Result<OrderedJson> EventsJson(Gateway& gateway, const std::string& token,
                               const EventsAsked& asked) {
  v1::ListEventsRequest request;
  request.set_after(asked.after);
  request.set_since_unix_ms(asked.since_unix_ms);
  request.set_sweep(asked.sweep);
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::ListEvents, token, request));
  OrderedJson events = OrderedJson::array();
  for (const v1::Event& event : reply.events()) events.push_back(ToJson(event));
  return OrderedJson{{"events", std::move(events)}, {"last_number", reply.last_number()}};
}

Result<OrderedJson> ExplainJson(Gateway& gateway, const std::string& token, std::int64_t job,
                                const std::string& sweep) {
  v1::ExplainRequest request;
  if (job != 0) {
    request.set_job_id(job);
  } else {
    request.set_sweep(sweep);
  }
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::Explain, token, request));
  return ToJson(reply);
}

}  // namespace tutti
