// A training step as one CUDA graph: a launch for the whole step in place of one for each kernel.
//
// Source: PyTorch's notes on CUDA graphs, whole-network capture: some steps are run as they are,
// on the stream that will capture, then one is captured; what changes from step to step lies in
// tensors that keep their place. Only where LibTorch and CUDA's headers are (TUTTI_CUDA_GRAPHS).
#pragma once

#include <memory>

#include "worker/trainer/train_step.h"

namespace tutti {

// subjects.device is a GPU, and the features are on it. One graph for each size of batch that comes
// often enough: in an epoch these are the full one and the last. Moves this thread to a stream of
// its own.
std::unique_ptr<TrainStep> MakeGraphStep(const StepSubjects& subjects);

}  // namespace tutti
