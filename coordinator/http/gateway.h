// The pages' way to the coordinator: its own gRPC services, called in this process with the
// visitor's token. So a page can do what a client with this token can, and sees what it sees.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "common/result.h"
#include "coordinator/http/limits.h"
#include "tutti/v1/blob.grpc.pb.h"
#include "tutti/v1/predict.grpc.pb.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {

// Thread-safe; calls block, for `deadline` at most.
class Gateway {
 public:
  explicit Gateway(const std::shared_ptr<grpc::Channel>& channel,
                   std::chrono::milliseconds deadline = kGatewayDeadline);

  // `method` is a member of the sweep service's stub.
  template <class Request, class Response>
  Result<Response> Call(grpc::Status (v1::SweepService::Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Response*),
                        const std::string& token, const Request& request) {
    Response response;
    TUTTI_RETURN_IF_ERROR(Attempt(token, [&](grpc::ClientContext& call) {
      return (sweeps_.get()->*method)(&call, request, &response);
    }));
    return response;
  }

  Result<v1::PredictResponse> Predict(const std::string& token, const v1::PredictRequest& request);
  Result<v1::GetServingResponse> GetServing(const std::string& token);

  // Gives the blob piece by piece, until `take` says false. Not bound by the deadline.
  Status Download(const std::string& token, const std::string& hash,
                  const std::function<bool(const std::string&)>& take);

 private:
  Status Attempt(const std::string& token,
                 const std::function<grpc::Status(grpc::ClientContext&)>& call);

  const std::chrono::milliseconds deadline_;
  std::unique_ptr<v1::SweepService::Stub> sweeps_;
  std::unique_ptr<v1::BlobService::Stub> blobs_;
  std::unique_ptr<v1::PredictService::Stub> predictions_;
};

}  // namespace tutti
