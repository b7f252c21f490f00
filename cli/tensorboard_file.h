// A run as TensorBoard reads it: curves, test scores and hyperparameters in one event file.
#pragma once

#include <string>

#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

// The file's bytes: TFRecords of Event messages. Scalars loss/train, loss/validation,
// accuracy/train, accuracy/validation by epoch and test/NAME for each metric at the last one; the
// hyperparameters are every plain value of the configuration, by its dotted name. Times are the
// attempt's start plus the epochs' seconds. Source: tensorflow/core/util/event.proto and
// lib/io/record_writer.cc, tensorboard/plugins/hparams/plugin_data.proto. kDataLoss: the
// configuration is no JSON.
Result<std::string> TensorBoardFile(const v1::GetJobResponse& run);

}  // namespace tutti
