// Two LSTM layers over time. Parameters: lstm1.*_l0, lstm2.*_l0, fc.
#pragma once

#include <memory>

#include "worker/models/model.h"

namespace tutti {

// LSTM(n_mels → 64) → LSTM(64 → 64) → last step → dropout 0.2 → Linear. Source: the published
// study's RNN.
std::shared_ptr<Model> MakeRnn(const ModelShape& shape);

}  // namespace tutti
