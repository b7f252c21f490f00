#include "worker/models/registry.h"

#include <algorithm>

#include "worker/models/cnn.h"
#include "worker/models/crnn1d.h"
#include "worker/models/crnn2d.h"
#include "worker/models/rnn.h"

namespace tutti {

const std::vector<ModelEntry>& Models() {
  static const std::vector<ModelEntry> models{
      {"cnn", 8, 8, MakeCnn, {"fc1", "bn_fc1", "fc2", "bn_fc2", "fc3"}},
      {"crnn1d", 8, 1, MakeCrnn1d, {"conv1", "gru1", "gru2", "fc"}},
      {"crnn2d", 16, 128, MakeCrnn2d, {"gru", "fc"}},
      {"rnn", 1, 1, MakeRnn, {"lstm1"}},
  };
  return models;
}

Result<const ModelEntry*> FindModel(std::string_view name) {
  const auto found = std::ranges::find(Models(), name, &ModelEntry::name);
  if (found != Models().end()) return &*found;
  std::string known;
  for (const ModelEntry& entry : Models()) known += (known.empty() ? "" : ", ") + entry.name;
  return InvalidArgument("model: expected one of " + known + "; got \"" + std::string(name) + "\"");
}

Result<std::shared_ptr<Model>> MakeModel(std::string_view name, const ModelShape& shape) {
  TUTTI_ASSIGN_OR_RETURN(const ModelEntry* entry, FindModel(name));
  if (shape.frames < entry->min_frames || shape.n_mels < entry->min_mels) {
    return InvalidArgument("model " + entry->name + ": expected slices of at least " +
                           std::to_string(entry->min_mels) + " mels and " +
                           std::to_string(entry->min_frames) + " frames; got " +
                           std::to_string(shape.n_mels) + " and " + std::to_string(shape.frames));
  }
  if (shape.classes < 2) {
    return InvalidArgument("model " + entry->name + ": expected at least 2 classes; got " +
                           std::to_string(shape.classes));
  }
  return entry->make(shape);
}

}  // namespace tutti
