// Convolutions over time, mels as channels, then two GRU layers. Parameters: conv1 … conv3,
// gru1.*_l0, gru2.*_l0, fc.
#pragma once

#include <memory>

#include "worker/models/model.h"

namespace tutti {

// 3 × { Conv1d k5 pad 2 → ReLU → MaxPool 2 → dropout 0.2 } with n_mels → 64 → 128 → 128 channels,
// GRU(128 → 64), GRU(64 → 64), last step, dropout 0.2, Linear. Source: the published study's
// CRNN1D.
std::shared_ptr<Model> MakeCrnn1d(const ModelShape& shape);

}  // namespace tutti
