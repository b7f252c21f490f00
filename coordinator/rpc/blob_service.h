// Blobs in and out over gRPC's callback API; what they are is nobody's business here.
#pragma once

#include "coordinator/blobs/blob_store.h"
#include "coordinator/rpc/access.h"
#include "tutti/v1/blob.grpc.pb.h"

namespace tutti {

// Thread-safe.
class BlobServiceImpl final : public v1::BlobService::CallbackService {
 public:
  BlobServiceImpl(BlobStore& blobs, const AccessControl& access) : blobs_(blobs), access_(access) {}

  grpc::ServerUnaryReactor* FindMissing(grpc::CallbackServerContext* context,
                                        const v1::FindMissingRequest* request,
                                        v1::FindMissingResponse* response) override;
  grpc::ServerReadReactor<v1::UploadRequest>* Upload(grpc::CallbackServerContext* context,
                                                     v1::UploadResponse* response) override;
  grpc::ServerWriteReactor<v1::DownloadResponse>* Download(
      grpc::CallbackServerContext* context, const v1::DownloadRequest* request) override;

 private:
  BlobStore& blobs_;
  const AccessControl& access_;
};

}  // namespace tutti
