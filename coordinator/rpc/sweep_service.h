// What clients ask: datasets, sweeps, jobs, tables, workers. Decode, one core call or one read,
// encode.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/clock.h"
#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/rpc/access.h"
#include "coordinator/rpc/aside.h"
#include "coordinator/rpc/changing_call.h"
#include "coordinator/rpc/lease_builder.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/manifest_cache.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/rpc/table_cache.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/upkeep/disk_guard.h"
#include "coordinator/writer/writer.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {

// Thread-safe. Tables are kept as they are sent: that call takes and gives bytes.
class SweepServiceImpl final
    : public v1::SweepService::WithRawCallbackMethod_GetTable<v1::SweepService::CallbackService> {
 public:
  SweepServiceImpl(Writer& writer, SessionHub& hub, ReaderPool& readers, BlobKeeper& keeper,
                   const DiskGuard& disk, ManifestCache& manifests, LeaseBuilder& leases,
                   TableCache& tables, const AccessControl& access, const Clock& clock,
                   std::string version);

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* request,
                                          v1::GetServerInfoResponse* response) override;
  grpc::ServerUnaryReactor* RegisterDataset(grpc::CallbackServerContext* context,
                                            const v1::RegisterDatasetRequest* request,
                                            v1::RegisterDatasetResponse* response) override;
  grpc::ServerUnaryReactor* ListDatasets(grpc::CallbackServerContext* context,
                                         const v1::ListDatasetsRequest* request,
                                         v1::ListDatasetsResponse* response) override;
  grpc::ServerUnaryReactor* SubmitSweep(grpc::CallbackServerContext* context,
                                        const v1::SubmitSweepRequest* request,
                                        v1::SubmitSweepResponse* response) override;
  grpc::ServerUnaryReactor* ChangeSweep(grpc::CallbackServerContext* context,
                                        const v1::ChangeSweepRequest* request,
                                        v1::ChangeSweepResponse* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::CancelJobResponse* response) override;
  grpc::ServerUnaryReactor* ListSweeps(grpc::CallbackServerContext* context,
                                       const v1::ListSweepsRequest* request,
                                       v1::ListSweepsResponse* response) override;
  grpc::ServerUnaryReactor* GetSweep(grpc::CallbackServerContext* context,
                                     const v1::GetSweepRequest* request,
                                     v1::GetSweepResponse* response) override;
  grpc::ServerUnaryReactor* GetTable(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* GetLog(grpc::CallbackServerContext* context,
                                   const v1::GetLogRequest* request,
                                   v1::GetLogResponse* response) override;
  grpc::ServerUnaryReactor* GetRunLease(grpc::CallbackServerContext* context,
                                        const v1::GetRunLeaseRequest* request,
                                        v1::GetRunLeaseResponse* response) override;
  grpc::ServerUnaryReactor* DeleteDataset(grpc::CallbackServerContext* context,
                                          const v1::DeleteDatasetRequest* request,
                                          v1::DeleteDatasetResponse* response) override;
  grpc::ServerUnaryReactor* ChangeWorker(grpc::CallbackServerContext* context,
                                         const v1::ChangeWorkerRequest* request,
                                         v1::ChangeWorkerResponse* response) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override;
  grpc::ServerUnaryReactor* ListWorkers(grpc::CallbackServerContext* context,
                                        const v1::ListWorkersRequest* request,
                                        v1::ListWorkersResponse* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;

 private:
  // As CallCarrier::Carry.
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context, ChangingCall call,
                                   const google::protobuf::Message& request,
                                   google::protobuf::Message& response) {
    return carrier_.Carry(context, std::move(call), request, response);
  }
  // Checks the caller, lends a reader, runs `read`, finishes.
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, Rpc rpc,
                                 const std::function<Status(StoreReader&)>& read);
  // v1.GetTableResponse, serialized.
  Result<TableCache::Answer> TableOf(const v1::GetTableRequest& request, StoreReader& reader);
  // Gives what keeps the blobs that the submit will name.
  Result<std::shared_ptr<BlobHold>> PrepareSubmit(const v1::SubmitSweepRequest& request,
                                                  struct SubmitSweep& submit);
  Status PrepareDataset(const std::string& file, struct SubmitSweep& submit);

  Writer& writer_;
  SessionHub& hub_;
  ReaderPool& readers_;
  BlobKeeper& keeper_;
  const DiskGuard& disk_;
  ManifestCache& manifests_;
  LeaseBuilder& leases_;
  TableCache& tables_;
  const AccessControl& access_;
  const Clock& clock_;
  CallCarrier carrier_;
  Aside aside_{kThreadsForSubmits, kMaxSubmitsWaiting};
  const std::string version_;
};

}  // namespace tutti
