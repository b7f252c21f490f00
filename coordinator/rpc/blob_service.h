// Blobs in and out over gRPC's callback API; what they are is nobody's business here.
#pragma once

#include "coordinator/blobs/blob_keeper.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/rpc/access.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/open_uploads.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/upkeep/disk_guard.h"
#include "coordinator/writer/telemetry.h"
#include "tutti/v1/blob.grpc.pb.h"

namespace tutti {

// Thread-safe.
class BlobServiceImpl final : public v1::BlobService::CallbackService {
 public:
  BlobServiceImpl(BlobStore& blobs, BlobKeeper& keeper, const DiskGuard& disk, ReaderPool& readers,
                  const AccessControl& access)
      : blobs_(blobs), keeper_(keeper), disk_(disk), readers_(readers), access_(access) {}

  // Before the first call; must outlive this.
  void UseTelemetry(Telemetry& telemetry) { telemetry_ = &telemetry; }

  grpc::ServerUnaryReactor* FindMissing(grpc::CallbackServerContext* context,
                                        const v1::FindMissingRequest* request,
                                        v1::FindMissingResponse* response) override;
  grpc::ServerUnaryReactor* FindPart(grpc::CallbackServerContext* context,
                                     const v1::FindPartRequest* request,
                                     v1::FindPartResponse* response) override;
  grpc::ServerReadReactor<v1::UploadRequest>* Upload(grpc::CallbackServerContext* context,
                                                     v1::UploadResponse* response) override;
  grpc::ServerWriteReactor<v1::DownloadResponse>* Download(
      grpc::CallbackServerContext* context, const v1::DownloadRequest* request) override;

 private:
  BlobStore& blobs_;
  BlobKeeper& keeper_;
  const DiskGuard& disk_;
  ReaderPool& readers_;
  const AccessControl& access_;
  OpenUploads open_uploads_{kMaxOpenUploadsPerClient};
  Telemetry* telemetry_ = nullptr;  // null: nobody measures
};

}  // namespace tutti
