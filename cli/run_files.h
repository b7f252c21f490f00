// The files that the study leaves of one run, made from the coordinator's rows.
#pragma once

#include <map>
#include <string>

#include "tutti/v1/sweep.pb.h"

namespace tutti {

// File name → contents: training_history.csv, overall_metrics.csv and, where songs were predicted,
// classification_report.csv and confusion_matrix.csv (songs, rows are true classes). Numbers are
// written so that reading them gives the same value.
std::map<std::string, std::string> RunFiles(const v1::GetJobResponse& job);

}  // namespace tutti
