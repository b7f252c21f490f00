// A coordinator's services in this process, on a real store in a folder: what a client meets,
// without sockets. Made anew on the same folder it is a coordinator that was started again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/random.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/rpc/access_service.h"
#include "coordinator/rpc/predict_service.h"
#include "coordinator/rpc/sweep_service.h"
#include "coordinator/rpc/worker_service.h"
#include "coordinator/store/sqlite_store.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {

class ServedCoordinator {
 public:
  // before: rows to be there when the core starts.
  explicit ServedCoordinator(const std::filesystem::path& folder, const Changes& before = {});
  ~ServedCoordinator();

  v1::SweepService::Stub& stub() { return *stub_; }
  std::shared_ptr<grpc::Channel> channel() { return server_->InProcessChannel({}); }
  const AccessControl& access() const { return access_; }
  SessionHub& hub() { return *hub_; }
  static constexpr char kAdminToken[] = "a secret";
  static constexpr char kReaderToken[] = "a reader's";
  static constexpr char kWorkerToken[] = "a worker's";
  static constexpr char kEnrolToken[] = "right to enrol";
  std::unique_ptr<grpc::ClientContext> NewCall(const std::string& token = kAdminToken) const;
  std::unique_ptr<StoreReader> Reader();
  // Gives its hash.
  std::string PutBlob(const std::string& bytes);
  // Once: always under the same request id.
  void Submit(const std::string& sweep_file);

 private:
  SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<BlobKeeper> keeper_;
  std::unique_ptr<DiskGuard> disk_;
  std::unique_ptr<ReaderPool> readers_;
  std::unique_ptr<ManifestCache> manifests_;
  std::unique_ptr<LeaseBuilder> leases_;
  TableCache tables_;
  AccessControl access_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<SessionHub> hub_;
  std::unique_ptr<SweepServiceImpl> service_;
  std::unique_ptr<PredictServiceImpl> predict_;
  std::unique_ptr<WorkerServiceImpl> workers_;
  std::unique_ptr<AccessServiceImpl> access_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::SweepService::Stub> stub_;
};

}  // namespace tutti
