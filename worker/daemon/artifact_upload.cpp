#include "worker/daemon/artifact_upload.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <utility>

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include "common/hash.h"

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

Error Refused(const std::string& path, const std::string& why) {
  return InvalidArgument("artifact \"" + path + "\": " + why +
                         "; expected a file in the job's output folder");
}

}  // namespace

Result<UniqueFd> OpenBeneath(const std::filesystem::path& output_dir, const std::string& path) {
  const std::filesystem::path relative(path);
  if (relative.empty() || relative.is_absolute()) return Refused(path, "it is not relative");
  for (const auto& part : relative) {
    if (part == "..") return Refused(path, "it climbs out");
  }
  UniqueFd at(::open(output_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at.valid()) return ErrnoError(errno, "open " + output_dir.string());
  for (auto part = relative.begin(); part != relative.end(); ++part) {
    const bool last = std::next(part) == relative.end();
    // O_NONBLOCK: opening a named pipe must not wait for its writer.
    const int flags = last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY;
    UniqueFd next(::openat(at.get(), part->c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid() && (errno == ELOOP || errno == ENOTDIR)) {
      const std::string name = part->string();
      return Refused(path, "\"" + name + "\" is a link or no folder");
    }
    if (!next.valid()) return ErrnoError(errno, "artifact \"" + path + "\"");
    at = std::move(next);
  }
  struct stat info{};
  if (::fstat(at.get(), &info) != 0) return ErrnoError(errno, "artifact \"" + path + "\"");
  if (!S_ISREG(info.st_mode)) return Refused(path, "it is no regular file");
  return at;
}

Result<std::vector<v1::Artifact>> UploadArtifacts(const std::filesystem::path& output_dir,
                                                  const std::vector<RunnerArtifact>& artifacts,
                                                  BlobTransport& transport, BlobCache* adopt) {
  std::vector<v1::Artifact> uploaded;
  std::vector<Opened> files;
  std::vector<std::string> hashes;
  for (const RunnerArtifact& artifact : artifacts) {
    TUTTI_ASSIGN_OR_RETURN(UniqueFd file, OpenBeneath(output_dir, artifact.path));
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
