// tutti-swarm: many simulated workers in one process, against a real coordinator, over real gRPC
// and TLS.
//
//   tutti-swarm --profile worker.json --workers 1000 --slots 4
//
// On stdout one line when every session is begun, one with the counts for each line on stdin, and
// one when stdin ends.
#include <algorithm>
#include <condition_variable>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/ids.h"
#include "common/json.h"
#include "common/random.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "tests/bench/swarm/simulated_worker.h"

namespace tutti {
namespace {

struct SwarmOptions {
  std::filesystem::path profile;
  int workers = 1000;
  int connections = 16;
  int shortest_ms = 0;
  int longest_ms = 0;
  SwarmPlan plan;
};

double Percentile(std::vector<std::int64_t>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return static_cast<double>(values[at]) / 1000;
}

Json Spread(std::vector<std::int64_t>& microseconds) {
  return {{"p50", Percentile(microseconds, 0.5)},
          {"p99", Percentile(microseconds, 0.99)},
          {"max", Percentile(microseconds, 1)}};
}

Json Report(std::vector<std::unique_ptr<SimulatedWorker>>& workers) {
  std::int64_t results = 0;
  std::int64_t broken = 0;
  std::vector<std::int64_t> latencies;
  std::vector<std::int64_t> heartbeats;
  for (const auto& worker : workers) {
    results += worker->results_acknowledged();
    broken += worker->broken();
    const auto more = worker->TakeLatencies();
    latencies.insert(latencies.end(), more.begin(), more.end());
    const auto waits = worker->TakeHeartbeatWaits();
    heartbeats.insert(heartbeats.end(), waits.begin(), waits.end());
  }
  return {{"results", results},
          {"broken_sessions", broken},
          {"leases_timed", latencies.size()},
          {"latency_ms", Spread(latencies)},
          {"heartbeats_timed", heartbeats.size()},
          {"heartbeat_ms", Spread(heartbeats)}};
}

Status Run(const SwarmOptions& options) {
  const SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  TUTTI_ASSIGN_OR_RETURN(const Profile profile, LoadProfile(files, options.profile));
  std::vector<std::unique_ptr<v1::WorkerService::Stub>> stubs;
  for (int i = 0; i < options.connections; ++i) {
    TUTTI_ASSIGN_OR_RETURN(const auto channel, OpenChannel(profile));
    stubs.push_back(v1::WorkerService::NewStub(channel));
  }
  std::vector<std::unique_ptr<SimulatedWorker>> workers;
  TimerQueue timers(clock);  // goes first: its tasks speak of workers
  for (int i = 0; i < options.workers; ++i) {
    workers.push_back(std::make_unique<SimulatedWorker>(
        MakeUuid(random), "swarm-" + std::to_string(i), options.plan, clock, timers));
    auto& stub = *stubs[static_cast<std::size_t>(i) % stubs.size()];
    const grpc::Status started = workers.back()->Start(stub, profile.token);
    if (!started.ok()) return FromGrpc(started);
  }
  std::cout << Json{{"ready", "tutti-swarm"}, {"workers", options.workers}}.dump() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Report(workers).dump() << std::endl;
  }
  std::cout << Report(workers).dump() << std::endl;
  for (const auto& worker : workers) worker->End();
  return {};
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  tutti::SwarmOptions options;
  CLI::App program{"Simulated workers for measuring a coordinator"};
  program.add_option("--profile", options.profile, "the coordinator's worker.json")->required();
  program.add_option("--workers", options.workers)->check(CLI::Range(1, 100'000));
  program.add_option("--slots", options.plan.slots, "of each worker")->check(CLI::Range(1, 1'000));
  program.add_option("--connections", options.connections, "that the sessions share")
      ->check(CLI::Range(1, 1'000));
  program.add_option("--shortest-ms", options.shortest_ms, "a job takes at least this");
  program.add_option("--longest-ms", options.longest_ms, "and at most this; 0: no time");
  program.add_option("--epochs", options.plan.epochs, "points told of each job");
  CLI11_PARSE(program, argc, argv);
  options.plan.shortest_job = std::chrono::milliseconds(options.shortest_ms);
  options.plan.longest_job = std::chrono::milliseconds(options.longest_ms);
  const tutti::Status status = tutti::Run(options);
  if (status.ok()) return 0;
  std::cerr << "tutti-swarm: " << status.error().message << '\n';
  return 1;
}
