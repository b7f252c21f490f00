#include "coordinator/http/weights.h"

#include <algorithm>
#include <utility>

#include "common/rpc/model_card.h"

namespace tutti {
namespace {

using Stub = v1::SweepService::Stub;

std::string FileName(const WeightsAsked& asked) {
  return "job-" + std::to_string(asked.job) + "-" + asked.which + ".safetensors";
}

void OfferAs(const std::string& file_name, httplib::Response& response) {
  response.set_header("Content-Disposition", "attachment; filename=\"" + file_name + "\"");
}

struct Found {
  v1::GetJobResponse run;
  v1::Artifact weights;
};

Result<Found> Find(Gateway& gateway, const std::string& token, const WeightsAsked& asked) {
  v1::GetJobRequest wanted;
  wanted.set_id(asked.job);
  TUTTI_ASSIGN_OR_RETURN(auto run, gateway.Call(&Stub::GetJob, token, wanted));
  const auto weights = std::ranges::find(run.artifacts(), asked.which, &v1::Artifact::name);
  if (weights == run.artifacts().end()) {
    return NotFound("job " + std::to_string(asked.job) + " has no " + asked.which +
                    " weights (yet); they come with a run's result");
  }
  v1::Artifact found = *weights;
  return Found{std::move(run), std::move(found)};
}

}  // namespace

Status SendWeights(Gateway& gateway, const std::string& token, const WeightsAsked& asked,
                   httplib::Response& response) {
  TUTTI_ASSIGN_OR_RETURN(const Found found, Find(gateway, token, asked));
  OfferAs(FileName(asked), response);
  response.set_content_provider(
      static_cast<std::size_t>(found.weights.size_bytes()), "application/octet-stream",
      [&gateway, token, hash = found.weights.blob_hash()](std::size_t, std::size_t,
                                                          httplib::DataSink& sink) {
        return gateway
            .Download(
                token, hash,
                [&](const std::string& piece) { return sink.write(piece.data(), piece.size()); })
            .ok();
      });
  return {};
}

Status SendCard(Gateway& gateway, const std::string& token, const WeightsAsked& asked,
                httplib::Response& response) {
  TUTTI_ASSIGN_OR_RETURN(const Found found, Find(gateway, token, asked));
  v1::GetSweepRequest wanted;
  wanted.set_name(found.run.job().sweep());
  TUTTI_ASSIGN_OR_RETURN(const auto sweep, gateway.Call(&Stub::GetSweep, token, wanted));
  const std::string name = FileName(asked);
  TUTTI_ASSIGN_OR_RETURN(const std::string card, ModelCard(found.run, found.weights,
                                                           sweep.sweep().dataset_version(), name));
  OfferAs(name + ".md", response);
  response.set_content(card, "text/markdown; charset=utf-8");
  return {};
}

}  // namespace tutti
