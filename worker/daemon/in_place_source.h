// A track of a dataset that lies in place, as a source of the blob cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "worker/daemon/blob_cache.h"

namespace tutti {

// The file is copied into the cache and checked while it is read: what a runner decodes is what was
// registered, whatever happens to the file meanwhile, and a shared disk is read once.
class InPlaceSource final : public BlobCache::Source {
 public:
  struct Track {
    std::string path;  // relative to the folder
    std::uint64_t size_bytes = 0;
  };

  // folder: where the dataset's root is on this machine.
  InPlaceSource(std::filesystem::path folder, Track track)
      : folder_(std::move(folder)), track_(std::move(track)) {}

  // kInvalidArgument: the path leaves the folder or is a link. kNotFound: no such file.
  // kFailedPrecondition: this user may not read it. kDataLoss: not the registered content.
  Status Download(const std::string& hash, const std::filesystem::path& to) override;

 private:
  Status Copy(int from, const std::string& hash, const std::filesystem::path& to) const;
  Error Changed(const std::string& how) const;

  const std::filesystem::path folder_;
  const Track track_;
};

}  // namespace tutti
