// What a worker with --serve does beside its jobs: listens to files that people send, one after the
// other, by a tutti-preprocess and a tutti-train that stay warm and hold no slot.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/json.h"
#include "common/random.h"
#include "common/result.h"
#include "tutti/v1/predict.grpc.pb.h"
#include "worker/daemon/blob_cache.h"
#include "worker/daemon/blob_transport.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/io_pool.h"
#include "worker/daemon/runner_pool.h"
#include "worker/daemon/serve_link.h"

namespace tutti {

// One file; a runner that takes longer is ended.
inline constexpr std::chrono::seconds kPredictionLimit{25};

// Owned by the loop's thread. Must be destroyed after the loop has ended, and before what it is
// given.
class PredictionServer {
 public:
  struct Surroundings {
    EventLoop& loop;
    const Clock& clock;
    FileSystem& files;
    RandomSource& random;
    BlobCache& cache;
    BlobTransport& blobs;
    RunnerPool& runners;  // of its own: one process a kind
    v1::PredictService::StubInterface& stub;
  };

  // folder: of its own, emptied here.
  static Result<std::unique_ptr<PredictionServer>> Start(const Surroundings& surroundings,
                                                         std::filesystem::path folder,
                                                         std::string worker_id, std::string token,
                                                         int threads);
  ~PredictionServer();

 private:
  // One request on its way through.
  struct Prediction;
  using Current = std::shared_ptr<Prediction>;

  PredictionServer(const Surroundings& surroundings, std::filesystem::path folder, int threads)
      : around_(surroundings), folder_(std::move(folder)), threads_(threads), io_(1) {}

  void StartNext();
  Status Prepare(Prediction& prediction);  // on the I/O thread
  void Preprocess(const Current& prediction);
  void Predict(const Current& prediction);
  Status Collect(Prediction& prediction);  // on the I/O thread
  // Gives the line to a runner of the kind; `then` where it ends well.
  void RunJob(const Current& prediction, v1::JobKind kind, const Json& line,
              const std::function<void()>& then);
  void End(const Current& prediction, v1::FailureClass failure, const std::string& message);

  Surroundings around_;
  const std::filesystem::path folder_;
  const int threads_;
  std::deque<Current> waiting_;  // the first is the one at work; bounded by who asks
  std::int64_t last_number_ = 0;
  IoPool io_;
  std::unique_ptr<ServeLink> link_;
};

}  // namespace tutti
