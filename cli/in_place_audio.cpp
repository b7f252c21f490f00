#include "cli/in_place_audio.h"

#include <chrono>
#include <string>
#include <system_error>

#include "common/hash.h"
#include "common/safe_path.h"

namespace tutti {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamed = 5;

// Empty: the copy is what was registered.
std::string WhatIsWrong(const v1::Lease::Track& track, const fs::path& root, const fs::path& copy) {
  if (!IsSafeRelativePath(track.path())) return "its path leads out of the folder";
  const fs::path file = root / track.path();
  std::error_code failed;
  const fs::file_status status = fs::symlink_status(file, failed);
  if (!fs::exists(status)) return "is missing";
  if (!fs::is_regular_file(status)) return "is no regular file";
  const auto size = fs::file_size(file, failed);
  if (!failed && size != static_cast<std::uintmax_t>(track.size_bytes())) {
    return "has " + std::to_string(size) + " bytes, not " + std::to_string(track.size_bytes());
  }
  fs::copy_file(file, copy, failed);
  if (failed) return failed.message();
  const auto hash = Sha256HexOfFile(copy);
  if (!hash.ok()) return hash.error().message;
  if (*hash == track.content_hash()) return "";
  return "has SHA-256 " + hash->substr(0, 12) + "…, not " + track.content_hash().substr(0, 12) +
         "…";
}

}  // namespace

Result<InputPaths> CopyAudioInPlace(Interrupt& interrupt, const fs::path& root,
                                    const std::vector<v1::Lease::Track>& tracks,
                                    const fs::path& folder) {
  std::error_code failed;
  if (!fs::is_directory(root, failed)) {
    return NotFound("the dataset lies in place, in " + root.string() +
                    ", and that is no folder on this machine; run this where the disk is mounted, "
                    "or say where it is with --data-root DIR");
  }
  InputPaths paths;
  std::string wrong;
  std::size_t count = 0;
  for (const v1::Lease::Track& track : tracks) {
    if (interrupt.Wait(std::chrono::milliseconds(0)))
      return Error{ErrorCode::kCancelled, "stopped"};
    const fs::path copy = folder / track.content_hash();
    if (!paths.emplace(track.content_hash(), copy).second) continue;
    const std::string why = WhatIsWrong(track, root, copy);
    if (why.empty()) continue;
    if (++count <= kNamed) {
      wrong += (wrong.empty() ? "\"" : "; \"") + track.path() + "\" " + why;
    }
  }
  if (count == 0) return paths;
  if (count > kNamed) wrong += "; and " + std::to_string(count - kNamed) + " more";
  return DataLoss("in " + root.string() + " is not what was registered: " + wrong +
                  "; bring the files back, or name the folder that has them with --data-root DIR");
}

}  // namespace tutti
