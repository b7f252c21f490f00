// A folder of labelled audio as a manifest: class folders, optional groups and split, content
// hashes.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"

namespace tutti {

struct LeftOut {
  std::string path;  // relative to the root
  std::string why;   // "hidden file", "empty", "not audio"

  friend bool operator==(const LeftOut&, const LeftOut&) = default;
};

struct DatasetScan {
  Manifest manifest;
  std::vector<LeftOut> left_out;  // sorted by path
};

enum class Placement {
  kUploaded,  // the coordinator gets the files
  kInPlace,   // they stay where they are; the manifest holds the folder's real path
};

struct ScanOptions {
  Placement placement = Placement::kUploaded;
  // Tables `path,group` and `path,part` with that header line; empty: groups.csv and split.csv at
  // the root, if there.
  std::filesystem::path groups;
  std::filesystem::path split;
  unsigned threads = 2;  // for hashing
  // Told from several threads, one call a file.
  std::function<void(std::size_t done, std::size_t total)> progress;
};

// Each folder of `root` that holds audio is a class; its files, also those further down, are its
// tracks. Audio is told by its ending. Symbolic links are followed only while they stay below the
// root; in place they are refused, since workers open no links. kNotFound: no such folder.
// kInvalidArgument: no class folder with audio, a table that is not of that form (with its line) or
// names tracks that are not there (all named), a link in place.
Result<DatasetScan> ScanDataset(const std::filesystem::path& root, const ScanOptions& options);

}  // namespace tutti
