#include "worker/daemon/artifact_upload.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include "common/hash.h"
#include "worker/daemon/open_beneath.h"

namespace tutti {
namespace {

struct Opened {
  UniqueFd file;
  std::filesystem::path path;
};

// The open file under a path that functions which want one can take: what was checked is what they
// read, whatever happens to its name.
std::filesystem::path PathOf(const UniqueFd& file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

}  // namespace

Result<std::vector<v1::Artifact>> UploadArtifacts(const std::filesystem::path& output_dir,
                                                  const std::vector<RunnerArtifact>& artifacts,
                                                  BlobTransport& transport, BlobCache* adopt) {
  std::vector<v1::Artifact> uploaded;
  std::vector<Opened> files;
  std::vector<std::string> hashes;
  for (const RunnerArtifact& artifact : artifacts) {
    TUTTI_ASSIGN_OR_RETURN(UniqueFd file, OpenBeneath(output_dir, artifact.path, "artifact"));
    struct stat info{};
    if (::fstat(file.get(), &info) != 0) return ErrnoError(errno, artifact.path);
    TUTTI_ASSIGN_OR_RETURN(const std::string hash, Sha256HexOfFile(PathOf(file)));
    v1::Artifact& out = uploaded.emplace_back();
    out.set_name(artifact.name);
    out.set_blob_hash(hash);
    out.set_size_bytes(info.st_size);
    files.push_back({std::move(file), output_dir / artifact.path});
    hashes.push_back(hash);
  }
  TUTTI_ASSIGN_OR_RETURN(const auto missing, transport.FindMissing(hashes));
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (std::ranges::find(missing, hashes[i]) == missing.end()) continue;
    TUTTI_RETURN_IF_ERROR(transport.Upload(PathOf(files[i].file), hashes[i]));
  }
  for (std::size_t i = 0; adopt != nullptr && i < files.size(); ++i) {
    const Status adopted = adopt->Adopt(files[i].path, hashes[i]);
    if (!adopted.ok()) spdlog::warn("not taken into the cache: {}", adopted.error().message);
  }
  return uploaded;
}

}  // namespace tutti
