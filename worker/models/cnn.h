// Six convolutions over the spectrogram as a picture, then three linear layers. Parameters:
// conv1_1, bn1_1, conv1_2, bn1_2, … conv3_2, bn3_2, fc1, bn_fc1, fc2, bn_fc2, fc3.
#pragma once

#include <memory>

#include "worker/models/model.h"

namespace tutti {

// 3 × { [Conv 3×3 pad 1 → BatchNorm → ReLU] × 2 → MaxPool 2 → channel dropout 0.3 } with 32, 64,
// 128 channels; flatten; Linear 512 → BN → ReLU → dropout; Linear 256 → BN → ReLU → dropout;
// Linear. Source: the published study's CNN.
std::shared_ptr<Model> MakeCnn(const ModelShape& shape);

}  // namespace tutti
