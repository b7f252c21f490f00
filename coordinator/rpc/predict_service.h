// Predictions: from who asks to a worker that serves, and back. Nothing is stored.
#pragma once

#include <memory>

#include "coordinator/rpc/access.h"
#include "coordinator/rpc/manifest_cache.h"
#include "coordinator/rpc/serving_hub.h"
#include "coordinator/store/reader_pool.h"
#include "tutti/v1/predict.grpc.pb.h"

namespace tutti {

// Larger ones are refused by Predict.
inline constexpr std::size_t kMaxPredictAudioBytes = 24 << 20;

// Thread-safe.
class PredictServiceImpl final : public v1::PredictService::CallbackService {
 public:
  PredictServiceImpl(ReaderPool& readers, ManifestCache& manifests, const AccessControl& access)
      : readers_(readers), manifests_(manifests), access_(access) {}

  // Of the workers that serve.
  ServingHub& serving() { return hub_; }

  grpc::ServerBidiReactor<v1::ServeFrame, v1::ServeRequest>* Serve(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Predict(grpc::CallbackServerContext* context,
                                    const v1::PredictRequest* request,
                                    v1::PredictResponse* response) override;
  grpc::ServerUnaryReactor* GetServing(grpc::CallbackServerContext* context,
                                       const v1::GetServingRequest* request,
                                       v1::GetServingResponse* response) override;

 private:
  // What a request is made of, but for the audio.
  struct Chosen {
    v1::ServingModel model;
    v1::ServeRequest request;
  };
  // kNotFound: no such sweep. kFailedPrecondition: no run is done that kept its weights.
  Result<Chosen> Choose(const std::string& sweep);
  std::string NameOf(const WorkerId& worker);

  ReaderPool& readers_;
  ManifestCache& manifests_;
  const AccessControl& access_;
  ServingHub hub_;
};

}  // namespace tutti
