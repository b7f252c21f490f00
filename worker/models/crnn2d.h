// Convolutions over the spectrogram as a picture, then a bidirectional GRU over what is left of
// time. Parameters: bn0, conv1, bn1, … conv4, bn4, gru.*_l0 and *_l0_reverse, fc.
#pragma once

#include <memory>

#include "worker/models/model.h"

namespace tutti {

// BatchNorm2d(1); 4 × { Conv 3×3 pad 1 → BN → ELU → MaxPool → channel dropout 0.1 } with channels
// 64, 128, 128, 128 and pools (2,2), (4,2), (4,2), (4,2); to [batch, time, channels × mels];
// bidirectional GRU 32; last step; dropout 0.3; Linear. Source: the published study's CRNN2D.
//
// At the last step the reverse direction has seen one frame from a state of zeros, so that
// gru.weight_hh_l0_reverse has no effect and no gradient: the study's model is so, in PyTorch too.
std::shared_ptr<Model> MakeCrnn2d(const ModelShape& shape);

}  // namespace tutti
