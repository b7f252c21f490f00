// How fast the SQLite store is here: `store_bench FOLDER [JOBS]`. Not a test; prints figures with
// what they were measured on.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>

#include "common/clock.h"
#include "common/environment.h"
#include "coordinator/store/sqlite_store.h"
#include "tests/unit/coordinator/store/sample_rows.h"

namespace tutti {
namespace {

constexpr std::int64_t kChunk = 10'000;

// Ends the program when the store fails: there is nothing left to measure.
void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "store_bench: %s\n", status.error().message.c_str());
  std::exit(1);
}

// On a machine that does other work too, only `cpu` says how much the store itself needs.
struct Seconds {
  double wall = 0;
  double cpu = 0;
};

Seconds Measure(const std::function<void()>& work) {
  const SystemClock clock;
  const SteadyTime begin = clock.SteadyNow();
  const std::clock_t begin_cpu = std::clock();
  work();
  return {std::chrono::duration<double>(clock.SteadyNow() - begin).count(),
          static_cast<double>(std::clock() - begin_cpu) / CLOCKS_PER_SEC};
}

void Print(const char* what, const Seconds& seconds, std::int64_t items) {
  const auto count = static_cast<double>(items);
  std::printf("%-44s %9.1f ms  %9.1f ms CPU  %9.0f/s  %7.1f us CPU each\n", what,
              1e3 * seconds.wall, 1e3 * seconds.cpu, count / seconds.wall,
              1e6 * seconds.cpu / count);
}

JobRecord RealisticRun(std::int64_t id) {
  JobRecord job = sample::TrainJob(JobId{id});
  job.key = std::string(64 - 8, 'k') + std::to_string(10'000'000 + id);
  job.config_json = std::string(400, 'c');
  job.message.clear();
  job.failure = std::nullopt;
  return job;
}

void Submit(Store& store, std::int64_t jobs) {
  Must(store.Commit({PutSweep{sample::Sweep(sample::kSweep)}}));
  for (std::int64_t first = 1; first <= jobs; first += kChunk) {
    Changes changes;
    for (std::int64_t id = first; id < std::min(jobs + 1, first + kChunk); ++id) {
      changes.push_back(PutJob{RealisticRun(id)});
    }
    Must(store.Commit(changes));
  }
}

// What ends one run and begins the next: result with 100 songs, attempt, job, two log lines; then a
// grant.
void AppendTurn(Changes& changes, std::int64_t id) {
  ResultRecord result = sample::Result(JobId{id}, 1);
  result.predictions.assign(100, result.predictions.front());
  changes.push_back(PutAttempt{sample::Attempt(JobId{id}, 1, AttemptOutcome::kSucceeded)});
  changes.push_back(PutResult{result});
  changes.push_back(sample::Update(JobId{id}, JobPhase::kSucceeded));
  changes.push_back(AppendEvent{sample::Event("result_accepted")});
  changes.push_back(sample::Update(JobId{id + 1}, JobPhase::kLeased));
  changes.push_back(PutAttempt{sample::Attempt(JobId{id + 1}, 1, AttemptOutcome::kLeased)});
  changes.push_back(AppendEvent{sample::Event("attempt_granted")});
}

void Turns(Store& store, std::int64_t first, std::int64_t turns, std::int64_t per_commit) {
  for (std::int64_t i = 0; i < turns; i += per_commit) {
    Changes changes;
    for (std::int64_t j = i; j < std::min(turns, i + per_commit); ++j) {
      AppendTurn(changes, first + j);
    }
    Must(store.Commit(changes));
  }
}

template <class T>
T Must(Result<T> result) {
  if (!result.ok()) Must(Status(result.error()));
  return *std::move(result);
}

void ReportReads(Store& store, std::int64_t jobs) {
  const auto reader = Must(store.OpenReader());
  Print("CountRuns", Measure([&] { Must(reader->CountRuns(sample::kSweep)); }), 1);
  const JobFilter page = {.sweep = sample::kSweep, .after = JobId{jobs / 2}};
  Print("Jobs, a page of 1,000 from the middle", Measure([&] { Must(reader->Jobs(page)); }), 1000);
  std::int64_t results = 0;
  const Seconds seconds =
      Measure([&] { results = std::ssize(Must(reader->ResultsOf(sample::kSweep))); });
  Print("ResultsOf, results", seconds, results);
}

int Main(const std::filesystem::path& folder, std::int64_t jobs) {
  std::printf("machine %s, SQLite %s, %lld jobs\n", HostName().c_str(), sqlite3_libversion(),
              static_cast<long long>(jobs));
  auto store = Must(SqliteStore::Open(folder / "bench.db"));
  Print("submit, jobs", Measure([&] { Submit(*store, jobs); }), jobs);
  std::int64_t first = 1;
  for (const std::int64_t per_commit : {1, 10, 100, 1000}) {
    const std::int64_t turns = per_commit == 1 ? 2000 : 5000;
    const std::string what = "results, " + std::to_string(per_commit) + " a commit";
    Print(what.c_str(), Measure([&] { Turns(*store, first, turns, per_commit); }), turns);
    first += turns;
  }
  ReportReads(*store, jobs);
  store.reset();
  store = Must(SqliteStore::Open(folder / "bench.db"));
  Print("Load, jobs", Measure([&] { Must(store->Load()); }), jobs);
  return 0;
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: store_bench FOLDER [JOBS]\n");
    return 2;
  }
  return tutti::Main(argv[1], argc > 2 ? std::stoll(argv[2]) : 1'000'000);
}
