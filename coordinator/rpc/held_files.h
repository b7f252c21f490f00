// Files that a request is about to name, kept until it is committed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/manifest.h"
#include "common/result.h"
#include "coordinator/blobs/blob_keeper.h"

namespace tutti {

struct NamedFile {
  std::string name;  // for messages
  std::string hash;
};

// A dataset version's manifest and, unless they lie in place, its tracks.
std::vector<NamedFile> FilesOf(const std::string& version, const Manifest& manifest);

// kFailedPrecondition, with the first of those that the coordinator does not have and the remedy.
Result<std::shared_ptr<BlobHold>> HoldFiles(BlobKeeper& keeper, const std::vector<NamedFile>& files,
                                            const std::string& remedy);

}  // namespace tutti
