#include "common/dataset_scan.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "common/csv.h"
#include "common/file_system.h"
#include "common/hash.h"
#include "common/visible_text.h"

namespace tutti {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 12> kAudioEndings{".wav",  ".flac", ".ogg", ".oga",
                                                         ".opus", ".mp3",  ".aif", ".aiff",
                                                         ".au",   ".caf",  ".w64", ".rf64"};
constexpr std::size_t kNamedInMessages = 20;

bool HasAudioEnding(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kAudioEndings, ending) != kAudioEndings.end();
}

bool IsBelow(const fs::path& path, const fs::path& root) {
  const fs::path relative = path.lexically_relative(root);
  return !relative.empty() && *relative.begin() != "..";
}

// Walks one class folder.
class ClassFolder {
 public:
  ClassFolder(fs::path root, DatasetScan& scan) : root_(std::move(root)), scan_(scan) {}

  Status Walk(const fs::path& folder, std::vector<std::string>& tracks) {
    std::error_code error;
    fs::recursive_directory_iterator at(folder, error);
    if (error) return ErrnoError(error.value(), "list " + folder.string());
    while (at != fs::recursive_directory_iterator()) {
      Judge(at, tracks);
      at.increment(error);
      if (error) return ErrnoError(error.value(), "list " + folder.string());
    }
    return {};
  }

 private:
  void Judge(fs::recursive_directory_iterator& at, std::vector<std::string>& tracks) {
    const fs::path& path = at->path();
    const std::string name = path.filename().string();
    std::error_code error;
    if (name.starts_with('.')) {
      // "._x.wav" is what macOS leaves beside x.wav.
      if (at->is_directory(error)) {
        at.disable_recursion_pending();
      } else {
        LeaveOut(path, "hidden file");
      }
    } else if (at->is_directory(error)) {
      return;
    } else if (at->is_symlink(error) && !IsBelow(fs::weakly_canonical(path, error), root_)) {
      LeaveOut(path, "a link out of the folder");
    } else if (!fs::is_regular_file(path, error)) {
      LeaveOut(path, "not a regular file");
    } else if (!HasAudioEnding(path)) {
      LeaveOut(path, "not audio by its ending");
    } else if (fs::file_size(path, error) == 0) {
      LeaveOut(path, "empty");
    } else if (!IsUtf8(path.lexically_relative(root_).native())) {
      LeaveOut(path, "its name is not in UTF-8: rename it");
    } else {
      tracks.push_back(path.lexically_relative(root_).generic_string());
    }
  }

  void LeaveOut(const fs::path& path, std::string why) {
    scan_.left_out.push_back({path.lexically_relative(root_).generic_string(), std::move(why)});
  }

  fs::path root_;
  DatasetScan& scan_;
};

Status FindTracks(const fs::path& root, DatasetScan& scan) {
  std::error_code error;
  std::map<std::string, std::vector<std::string>> tracks_of;
  TUTTI_ASSIGN_OR_RETURN(const auto names, PosixFileSystem().ListDirectory(root));
  for (const std::string& name : names) {
    if (name.starts_with('.') || !fs::is_directory(root / name, error)) continue;
    std::vector<std::string> tracks;
    TUTTI_RETURN_IF_ERROR(ClassFolder(root, scan).Walk(root / name, tracks));
    if (!tracks.empty()) tracks_of[name] = std::move(tracks);
  }
  if (tracks_of.empty()) {
    return InvalidArgument(root.string() +
                           ": expected one folder a class with audio files in it (blues/a.wav, "
                           "rock/b.wav); found none");
  }
  for (const auto& [name, tracks] : tracks_of) {
    const auto label = static_cast<std::int32_t>(scan.manifest.classes.size());
    scan.manifest.classes.push_back(name);
    for (const std::string& path : tracks) {
      ManifestTrack track;
      track.path = path;
      track.label = label;
      scan.manifest.tracks.push_back(std::move(track));
    }
  }
  std::ranges::sort(scan.manifest.tracks, {}, &ManifestTrack::path);
  std::ranges::sort(scan.left_out, {}, &LeftOut::path);
  return {};
}

// Of all tracks, also where a folder on the way is one.
Status RefuseLinks(const fs::path& root, const std::vector<ManifestTrack>& tracks) {
  std::set<std::string> links;
  for (const ManifestTrack& track : tracks) {
    fs::path at;
    for (const fs::path& part : fs::path(track.path)) {
      at /= part;
      std::error_code error;
      if (fs::is_symlink(root / at, error)) links.insert(at.generic_string());
    }
  }
  if (links.empty()) return {};
  std::string named;
  std::size_t count = 0;
  for (const std::string& link : links) {
    if (++count <= kNamedInMessages) named += "\n  " + link;
  }
  return InvalidArgument(root.string() + ": " + std::to_string(links.size()) +
                         " links, and of a dataset in place workers open none; put the files "
                         "there, or leave --in-place out:" +
                         named);
}

Status HashTracks(const fs::path& root, const ScanOptions& options,
                  std::vector<ManifestTrack>& tracks) {
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> done = 0;
  std::mutex mutex;
  Status first_error;
  const auto work = [&] {
    for (std::size_t i = next++; i < tracks.size(); i = next++) {
      const fs::path path = root / tracks[i].path;
      const auto size = PosixFileSystem().FileSize(path);
      auto hash = Sha256HexOfFile(path);
      if (size.ok() && hash.ok()) {
        tracks[i].size_bytes = *size;
        tracks[i].content_hash = *std::move(hash);
      } else {
        const std::lock_guard lock(mutex);
        if (first_error.ok()) first_error = size.ok() ? hash.error() : size.error();
      }
      if (options.progress) options.progress(++done, tracks.size());
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < options.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return first_error;
}

// Puts one table's values into a field of the tracks; an absent default table is fine.
Status ApplyTable(const fs::path& given, const fs::path& by_default, std::string_view header,
                  std::string ManifestTrack::* field, std::vector<ManifestTrack>& tracks) {
  PosixFileSystem files;
  const fs::path path = given.empty() ? by_default : given;
  if (given.empty() && !files.Exists(path)) return {};
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  TUTTI_ASSIGN_OR_RETURN(const auto rows, ParseTwoColumns(text, header, path.string()));
  std::string unknown;
  for (const auto& [name, value] : rows) {
    const auto track = std::ranges::lower_bound(tracks, name, {}, &ManifestTrack::path);
    if (track == tracks.end() || track->path != name) {
      unknown += "\n  " + name;
      continue;
    }
    if (header == "path,part" && value != "train" && value != "validation" && value != "test") {
      return InvalidArgument(path.string() + ": " + name +
                             ": expected part train, validation or test, got \"" + value + "\"");
    }
    (*track).*field = value;
  }
  if (unknown.empty()) return {};
  return InvalidArgument(path.string() + ": names tracks that are not in the dataset:" + unknown);
}

}  // namespace

Result<DatasetScan> ScanDataset(const fs::path& root, const ScanOptions& options) {
  std::error_code error;
  const fs::path canonical = fs::canonical(root, error);
  if (error) return ErrnoError(error.value(), "dataset folder " + root.string());
  if (!fs::is_directory(canonical)) {
    return InvalidArgument("dataset folder " + root.string() + ": it is not a folder");
  }
  DatasetScan scan;
  TUTTI_RETURN_IF_ERROR(FindTracks(canonical, scan));
  if (options.placement == Placement::kInPlace) {
    TUTTI_RETURN_IF_ERROR(RefuseLinks(canonical, scan.manifest.tracks));
    scan.manifest.in_place_root = canonical.string();
  }
  TUTTI_RETURN_IF_ERROR(ApplyTable(options.groups, canonical / "groups.csv", "path,group",
                                   &ManifestTrack::group, scan.manifest.tracks));
  TUTTI_RETURN_IF_ERROR(ApplyTable(options.split, canonical / "split.csv", "path,part",
                                   &ManifestTrack::part, scan.manifest.tracks));
  TUTTI_RETURN_IF_ERROR(HashTracks(canonical, options, scan.manifest.tracks));
  return scan;
}

}  // namespace tutti
