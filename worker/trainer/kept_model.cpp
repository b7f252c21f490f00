#include "worker/trainer/kept_model.h"

#include <string>

#include "worker/models/registry.h"
#include "worker/trainer/checkpoint.h"

namespace tutti {
namespace {

bool IsSame(const ModelAsked& a, const ModelAsked& b) {
  return !a.hash.empty() && a.hash == b.hash && a.model == b.model && a.device == b.device &&
         a.shape.n_mels == b.shape.n_mels && a.shape.frames == b.shape.frames &&
         a.shape.classes == b.shape.classes;
}

Result<std::shared_ptr<Model>> Load(const ModelAsked& asked) {
  TUTTI_ASSIGN_OR_RETURN(const std::shared_ptr<Model> model, MakeModel(asked.model, asked.shape));
  TUTTI_ASSIGN_OR_RETURN(const Weights weights, ReadCheckpoint(asked.weights));
  if (const Status loaded = LoadWeights(weights, *model); !loaded.ok()) {
    return DataLoss("checkpoint " + asked.weights.string() + ": these are no weights of a " +
                    asked.model + " for " + std::to_string(asked.shape.classes) +
                    " classes: " + loaded.error().message);
  }
  model->to(asked.device);
  return model;
}

}  // namespace

Result<std::shared_ptr<Model>> KeptModel::Get(const ModelAsked& asked) {
  if (model_ && IsSame(asked, asked_)) return model_;
  Drop();  // two of them need not fit
  TUTTI_ASSIGN_OR_RETURN(model_, Load(asked));
  asked_ = asked;
  return model_;
}

void KeptModel::Drop() {
  model_.reset();
}

}  // namespace tutti
