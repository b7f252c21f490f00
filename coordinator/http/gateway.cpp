#include "coordinator/http/gateway.h"

#include "common/rpc/channel.h"

namespace tutti {

Gateway::Gateway(const std::shared_ptr<grpc::Channel>& channel, std::chrono::milliseconds deadline)
    : deadline_(deadline),
      sweeps_(v1::SweepService::NewStub(channel)),
      blobs_(v1::BlobService::NewStub(channel)),
      predictions_(v1::PredictService::NewStub(channel)) {}

Status Gateway::Attempt(const std::string& token,
                        const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  grpc::ClientContext context;
  Authorize(context, token);
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_millis(deadline_.count(), GPR_TIMESPAN)));
  const grpc::Status status = call(context);
  if (status.ok()) return {};
  return FromGrpc(status);
}

Result<v1::PredictResponse> Gateway::Predict(const std::string& token,
                                             const v1::PredictRequest& request) {
  v1::PredictResponse response;
  TUTTI_RETURN_IF_ERROR(Attempt(token, [&](grpc::ClientContext& call) {
    return predictions_->Predict(&call, request, &response);
  }));
  return response;
}

Result<v1::GetServingResponse> Gateway::GetServing(const std::string& token) {
  v1::GetServingResponse response;
  TUTTI_RETURN_IF_ERROR(Attempt(token, [&](grpc::ClientContext& call) {
    return predictions_->GetServing(&call, v1::GetServingRequest(), &response);
  }));
  return response;
}

Status Gateway::Download(const std::string& token, const std::string& hash,
                         const std::function<bool(const std::string&)>& take) {
  grpc::ClientContext context;
  Authorize(context, token);
  v1::DownloadRequest request;
  request.set_hash(hash);
  const auto reader = blobs_->Download(&context, request);
  v1::DownloadResponse piece;
  while (reader->Read(&piece)) {
    if (take(piece.data())) continue;
    context.TryCancel();
    break;
  }
  const grpc::Status status = reader->Finish();
  if (status.ok()) return {};
  return FromGrpc(status);
}

}  // namespace tutti
