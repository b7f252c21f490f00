// A folder of labelled music looked through before anybody trains on it.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cli/context.h"
#include "common/dataset_scan.h"
#include "common/result.h"

namespace tutti {

struct NamedFile {
  std::string path;  // relative to the folder
  std::string why;
};

struct DatasetFindings {
  std::vector<std::pair<std::string, std::int64_t>> classes;  // name, tracks
  std::vector<NamedFile> undecodable;
  std::vector<NamedFile> truncated;
  std::vector<NamedFile> silent;
  std::vector<NamedFile> constant;   // direct current
  std::vector<NamedFile> too_short;  // below nine tenths of the clip
  std::vector<std::vector<std::string>>
      duplicates;                 // groups of tracks whose decoded music is equal
  std::vector<LeftOut> left_out;  // stray files

  std::size_t count() const;  // of findings
};

// clip_seconds: that runs will ask for. Errors as ScanDataset and CallRunner.
Result<DatasetFindings> CheckDataset(Context& context, const std::filesystem::path& folder,
                                     double clip_seconds);

}  // namespace tutti
