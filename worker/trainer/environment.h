// What equality of results depends on beside a run's configuration.
#pragma once

#include "common/json.h"
#include "worker/trainer/train_job.h"

namespace tutti {

// {"libtorch", "processor", "device", "threads", "precision"}: all text. processor: the vendor,
// since kernels of one LibTorch build differ between vendors ("GenuineIntel", "AuthenticAMD"; the
// architecture's name where there is none).
Json EnvironmentOf(const TrainJob& job);

}  // namespace tutti
