// Coordinator and workers with all of their own threads in one process: writer, hub, garbage
// collector, readers of pages; event loop and I/O threads of each worker; real SQLite, real runner
// processes. Only gRPC is not there (in_process_session.h). Under a thread sanitizer this shows
// that the daemons share nothing without a lock.
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "common/logging.h"
#include "common/rpc/session_protocol.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/blobs/blob_upload.h"
#include "coordinator/rpc/lease_builder.h"
#include "coordinator/rpc/manifest_cache.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/rpc/worker_stream.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/store/sqlite_store.h"
#include "coordinator/sweep_file/sweep_file.h"
#include "coordinator/upkeep/garbage_collector.h"
#include "coordinator/upkeep/live_attempts.h"
#include "coordinator/writer/writer.h"
#include "tests/support/program.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"
#include "tests/threads/in_process_session.h"
#include "worker/daemon/worker_daemon.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;

// Tells epochs, leaves a file behind, and ends; the second half of the runs not before the file
// `go` is there.
std::string SweepThatWaitsFor(const std::filesystem::path& go) {
  return R"(name: threads
runner:
  command:
    - sh
    - -c
    - |
      read -r job
      for epoch in 1 2 3 4 5; do
        echo "{\"event\":\"epoch\",\"epoch\":$epoch,\"train_loss\":1,\"train_accuracy\":1,\"val_loss\":1,\"val_accuracy\":1,\"seconds\":0.01}"
        echo "log line $epoch of $1"
      done
      echo "$1" > kept.txt
      echo "{\"event\":\"artifact\",\"name\":\"kept.txt\",\"path\":\"kept.txt\"}"
      while [ "$1" -gt 12 ] && [ ! -e "$2" ]; do sleep 0.01; done
      echo "{\"event\":\"result\",\"metrics\":{\"twice\":$(($1 * 2))}}"
    - sh
    - "${number}"
    - )" +
         go.string() + R"(
grid:
  number: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]
)";
}
constexpr int kRuns = 24;

// The object graph of the coordinator's main.cpp, less gRPC and the pages.
class Coordinator {
 public:
  explicit Coordinator(const std::filesystem::path& folder)
      : store_(*SqliteStore::Open(folder / "state.db")),
        blobs_(*BlobStore::Open(files_, folder / "blobs")),
        keeper_(*blobs_, clock_, BlobKeeperOptions{}),
        readers_(*store_, {}),
        manifests_(*blobs_),
        leases_(manifests_),
        writer_(*store_, clock_, Options()),
        hub_(writer_, leases_, readers_, clock_, milliseconds(30'000)),
        collector_({files_, folder, *blobs_, keeper_, readers_,
                    [this] { return AskForLiveAttempts(writer_); }, [] { return Status(); }},
                   {.interval = milliseconds(20)}) {
    EXPECT_TRUE(IsOk(writer_.Start(hub_)));
    hub_.Start();
    collector_.Start();
  }
  ~Coordinator() {
    collector_.Stop();
    hub_.Stop();
    writer_.Stop();
  }

  InProcessWorkerService::ServerReactor* Open(const WorkerId& worker) {
    access_.Add({worker.value, Role::kWorker, worker.value, worker, UnixMillis{1}});
    return WorkerStream::Open(writer_, hub_, keeper_, access_,
                              {Role::kWorker, worker.value, worker, worker.value},
                              {milliseconds(50), kLease, "test"});
  }

  void Submit(const std::string& text) {
    SubmitSweep submit;
    submit.spec = *ParseSweepFile(text, "threads.yaml");
    submit.source = text;
    std::promise<Status> answered;
    writer_.Post(
        [&submit](Core& core, Moment now, Changes& changes) {
          EXPECT_TRUE(IsOk(core.Submit(submit, now, changes)));
        },
        [&answered](const Status& done) { answered.set_value(done); });
    EXPECT_TRUE(IsOk(answered.get_future().get()));
  }

  std::unique_ptr<StoreReader> Reader() { return *store_->OpenReader(); }
  // As a page asks, on the caller's thread.
  std::int64_t CountSucceeded() {
    const auto reader = readers_.Borrow();
    EXPECT_TRUE(reader.ok());
    const auto sweep = (*reader)->Sweep("threads");
    EXPECT_TRUE(sweep.ok());
    const auto counts = (*reader)->CountRuns(sweep->id);
    EXPECT_TRUE(counts.ok());
    for (const PhaseCount& count : *counts) {
      if (count.phase == JobPhase::kSucceeded) return count.jobs;
    }
    return 0;
  }
  BlobStore& blobs() { return *blobs_; }

 private:
  static constexpr milliseconds kLease{20'000};
  static WriterOptions Options() {
    WriterOptions options;
    options.core.lease = kLease;
    return options;
  }

  const SystemClock clock_;
  PosixFileSystem files_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<BlobStore> blobs_;
  BlobKeeper keeper_;
  ReaderPool readers_;
  ManifestCache manifests_;
  LeaseBuilder leases_;
  AccessControl access_;
  Writer writer_;
  SessionHub hub_;
  GarbageCollector collector_;
};

// What BlobClient does over gRPC, from the coordinator's folder into the worker's.
class FolderTransport final : public BlobTransport {
 public:
  explicit FolderTransport(BlobStore& blobs) : blobs_(blobs) {}

  Status Download(const std::string& hash, const std::filesystem::path& to) override {
    TUTTI_ASSIGN_OR_RETURN(const std::string bytes, blobs_.Read(hash));
    WriteFile(to, bytes);
    return {};
  }
  Result<std::vector<std::string>> FindMissing(const std::vector<std::string>& hashes) override {
    std::vector<std::string> missing;
    for (const std::string& hash : hashes) {
      TUTTI_ASSIGN_OR_RETURN(const bool there, blobs_.Has(hash));
      if (!there) missing.push_back(hash);
    }
    return missing;
  }
  Status Upload(const std::filesystem::path& path, const std::string& hash) override {
    const std::string bytes = ReadWholeFile(path);
    TUTTI_ASSIGN_OR_RETURN(const auto upload,
                           blobs_.BeginUpload(hash, static_cast<std::int64_t>(bytes.size())));
    TUTTI_RETURN_IF_ERROR(upload->Append(bytes));
    return upload->Commit();
  }

 private:
  BlobStore& blobs_;
};

// The object graph of the worker's main.cpp on a thread of its own.
class Worker {
 public:
  Worker(Coordinator& coordinator, const std::filesystem::path& dir, const std::string& name)
      : coordinator_(coordinator),
        folder_(*WorkerFolder::Open(files_, random_, dir)),
        ledger_(*RunnerLedger::Open(files_, random_, folder_.runners())),
        spool_(*Spool::Open(files_, folder_.spool())),
        cache_(*BlobCache::Open(files_, clock_, folder_.cache())),
        loop_(*EventLoop::Create(clock_)),
        service_([this] { return coordinator_.Open(WorkerId{folder_.worker_id()}); }),
        thread_([this, name] { Serve(name); }) {}
  // Drains, as at SIGTERM.
  ~Worker() {
    loop_->Post([this] { daemon_->Drain("the test ends"); });
    thread_.join();
    EXPECT_FALSE(failure_) << failure_->message;
  }

  InProcessWorkerService& service() { return service_; }

 private:
  void Serve(const std::string& name) {
    WorkerDaemon::Options options;
    options.hello.set_name(name);
    options.hello.set_slots(2);
    options.hello.set_cores(2);
    options.hello.set_protocol(kSessionProtocol);
    options.hello.add_kinds(v1::JOB_KIND_COMMAND);
    RunnerPool runners({*loop_, clock_, files_, ledger_}, {}, 2);
    FolderTransport blobs(coordinator_.blobs());
    IoPool pool(2);
    GpuShares gpus({});
    const DataRoots roots;
    WorkerDaemon daemon({*loop_, pool, clock_, files_, random_, folder_, *spool_, *cache_, blobs,
                         roots, runners, gpus, service_},
                        "token", options, [] {});
    daemon_ = &daemon;
    daemon.Start();
    loop_->Run();
    failure_ = daemon.failure();
  }

  Coordinator& coordinator_;
  const SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  WorkerFolder folder_;
  RunnerLedger ledger_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<BlobCache> cache_;
  std::unique_ptr<EventLoop> loop_;
  InProcessWorkerService service_;
  WorkerDaemon* daemon_ = nullptr;  // on thread_, while it serves
  std::optional<Error> failure_;
  std::thread thread_;
};

TEST(Daemons, AllTheirThreadsTogetherDoASweepWhileSessionsBreak) {
  // As both mains do, before threads: the logger is spdlog's, which no sanitizer looks into.
  ASSERT_TRUE(IsOk(InitLogging("daemons", {})));
  const TempDir folder;
  std::filesystem::create_directory(folder / "state");
  Coordinator coordinator(folder / "state");
  const std::filesystem::path go = folder / "go";
  coordinator.Submit(SweepThatWaitsFor(go));
  {
    Worker one(coordinator, folder / "one", "one");
    Worker two(coordinator, folder / "two", "two");
    ASSERT_TRUE(Eventually([&] { return coordinator.CountSucceeded() >= kRuns / 4; }));
    for (Worker* worker : {&one, &two}) {
      const int opened = worker->service().sessions_opened();
      worker->service().CutAll();
      ASSERT_TRUE(Eventually([&] { return worker->service().sessions_opened() > opened; }))
          << "it comes back";
    }
    WriteFile(go, "");
    ASSERT_TRUE(Eventually([&] { return coordinator.CountSucceeded() == kRuns; }));
  }
  const auto reader = coordinator.Reader();
  const auto sweep = reader->Sweep("threads");
  ASSERT_TRUE(IsOk(sweep));
  const auto results = reader->ResultsOf(sweep->id);
  ASSERT_TRUE(IsOk(results));
  ASSERT_EQ(results->size(), static_cast<std::size_t>(kRuns));
  for (const ResultRecord& result : *results) {
    const auto job = reader->Job(result.job);
    ASSERT_TRUE(IsOk(job));
    const auto config = ParseJson(job->config_json, "configuration");
    ASSERT_TRUE(IsOk(config));
    const Json number = config->at("config").at("number");
    EXPECT_EQ(result.metrics.at("twice"), 2 * number.get<double>());
    ASSERT_EQ(result.artifacts.size(), 1U);
    EXPECT_EQ(*coordinator.blobs().Read(result.artifacts[0].blob_hash), number.dump() + "\n");
    const auto epochs = reader->Epochs(result.job, result.attempt);
    ASSERT_TRUE(IsOk(epochs));
    EXPECT_EQ(epochs->size(), 5U);
  }
}

}  // namespace
}  // namespace tutti
