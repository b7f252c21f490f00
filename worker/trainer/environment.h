// What equality of results depends on beside a run's configuration.
#pragma once

#include <string>

#include "common/json.h"
#include "worker/trainer/train_job.h"

namespace tutti {

// {"libtorch", "mkl", "instructions", "processor", "device", "threads", "precision"}: all text.
// libtorch: version and build ("2.13.0+cpu", "2.13.0+cu128"). mkl: "yes" or "no". instructions: the
// set that LibTorch's kernels use ("AVX2", "AVX512"). processor: the vendor, since kernels of one
// build differ between vendors ("GenuineIntel", "AuthenticAMD"; the architecture's name where there
// is none). device: "cpu", or the GPU's model and not its number.
Json EnvironmentOf(const TrainJob& job);

// libtorch as above, from LibTorch's own description of its build (at::show_config).
std::string LibTorchBuild(const std::string& description);

}  // namespace tutti
