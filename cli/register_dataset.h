// A folder on this machine becomes a dataset of the coordinator: scanned, uploaded, registered.
#pragma once

#include <filesystem>
#include <string>

#include "cli/connection.h"
#include "common/dataset_scan.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

struct RegisteredDataset {
  v1::RegisterDatasetResponse reply;
  DatasetScan scan;
  std::size_t uploaded = 0;  // files that the coordinator did not have
};

// In place nothing but the manifest is uploaded. Progress and what is left out go to stderr unless
// `quiet`. Safe to repeat: what is there is not sent again.
Result<RegisteredDataset> RegisterDataset(Context& context, Connection& connection,
                                          const std::string& name,
                                          const std::filesystem::path& folder,
                                          const ScanOptions& options);

}  // namespace tutti
