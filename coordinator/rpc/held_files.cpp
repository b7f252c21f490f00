#include "coordinator/rpc/held_files.h"

#include <algorithm>
#include <utility>

namespace tutti {

std::vector<NamedFile> FilesOf(const std::string& version, const Manifest& manifest) {
  std::vector<NamedFile> files{{"the manifest", version}};
  if (!manifest.in_place_root.empty()) return files;
  for (const ManifestTrack& track : manifest.tracks) {
    files.push_back({track.path, track.content_hash});
  }
  return files;
}

Result<std::shared_ptr<BlobHold>> HoldFiles(BlobKeeper& keeper, const std::vector<NamedFile>& files,
                                            const std::string& remedy) {
  std::vector<std::string> hashes;
  hashes.reserve(files.size());
  for (const NamedFile& file : files) hashes.push_back(file.hash);
  TUTTI_ASSIGN_OR_RETURN(BlobHold hold, keeper.Hold(std::move(hashes)));
  if (hold.missing().empty()) return std::make_shared<BlobHold>(std::move(hold));
  const std::string& first = hold.missing().front();
  const auto file = std::ranges::find(files, first, &NamedFile::hash);
  return FailedPrecondition("the coordinator does not have " +
                            std::to_string(hold.missing().size()) + " of " +
                            std::to_string(files.size()) + " files, the first is " + file->name +
                            " (" + first + "): " + remedy);
}

}  // namespace tutti
