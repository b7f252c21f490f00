#include "worker/audio/commands.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "common/feature_spec.h"
#include "common/json.h"
#include "worker/audio/clip.h"
#include "worker/audio/mel.h"
#include "worker/audio/preprocess.h"
#include "worker/audio/shard.h"

namespace tutti {
namespace {

constexpr std::size_t kBenchShardTracks = 32;
constexpr std::array<std::string_view, 10> kAudioEndings{".wav", ".flac", ".ogg",  ".oga", ".opus",
                                                         ".mp3", ".aif",  ".aiff", ".au",  ".caf"};

// Stray files of other systems ("._song.wav", ".DS_Store") begin with a dot.
bool LooksLikeAudio(const std::filesystem::path& path) {
  if (path.filename().string().starts_with('.')) return false;
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kAudioEndings, ending) != kAudioEndings.end();
}

Result<std::vector<PreprocessTrack>> FindTracks(const std::filesystem::path& folder) {
  std::vector<PreprocessTrack> tracks;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(folder, error);
  while (!error && entries != std::filesystem::recursive_directory_iterator()) {
    const auto& path = entries->path();
    if (LooksLikeAudio(path) && entries->is_regular_file(error)) tracks.push_back({0, path, {}});
    if (!error) entries.increment(error);
  }
  if (error) return ErrnoError(error.value(), "list " + folder.string());
  if (tracks.empty()) return NotFound("bench: no audio file below " + folder.string());
  std::ranges::sort(tracks, {}, &PreprocessTrack::audio);
  return tracks;
}

class TemporaryFolder {
 public:
  static Result<TemporaryFolder> Create() {
    std::error_code error;
    const auto base = std::filesystem::temp_directory_path(error);
    if (error) return ErrnoError(error.value(), "find the folder for temporary files");
    std::string name = (base / "tutti-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return ErrnoError(errno, "create " + name);
    return TemporaryFolder(name);
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class BenchObserver final : public PreprocessObserver {
 public:
  explicit BenchObserver(std::ostream& log) : log_(log) {}
  void OnUndecodable(const PreprocessTrack&, const std::string& why) override {
    log_ << why << '\n';
  }
  void OnProgress(std::size_t, std::size_t) override {}

 private:
  std::ostream& log_;
};

void PrintReport(const PreprocessReport& sum, std::size_t tracks, std::ostream& out) {
  const auto ms = [tracks](double seconds) {
    return 1000.0 * seconds / static_cast<double>(tracks);
  };
  char line[160];
  std::snprintf(
      line, sizeof(line), "decode %.2f ms, compute %.2f ms, write %.2f ms, total %.2f ms per track",
      ms(sum.load_seconds), ms(sum.compute_seconds), ms(sum.write_seconds), ms(sum.total_seconds));
  out << line << '\n';
}

}  // namespace

Status PreprocessOne(FileSystem& files, const std::filesystem::path& audio,
                     const std::filesystem::path& output,
                     const std::optional<std::filesystem::path>& features) {
  FeatureSpec spec;
  if (features) {
    TUTTI_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(*features));
    TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(text, features->string()));
    TUTTI_ASSIGN_OR_RETURN(spec, FeatureSpecFromJson(json));
  }
  TUTTI_ASSIGN_OR_RETURN(const auto extractor, MelExtractor::Create(ToMelOptions(spec)));
  TUTTI_ASSIGN_OR_RETURN(const auto clip, LoadClip(audio, spec));
  TUTTI_ASSIGN_OR_RETURN(const MelSpectrogram mel, extractor->Compute(clip));
  return WriteFeatures(output, spec, mel.values);
}

Status Bench(const std::filesystem::path& folder, std::int64_t threads, const Clock& clock,
             std::ostream& out, std::ostream& log) {
  TUTTI_ASSIGN_OR_RETURN(const auto tracks, FindTracks(folder));
  TUTTI_ASSIGN_OR_RETURN(const auto temporary, TemporaryFolder::Create());
  BenchObserver observer(log);
  const std::atomic<bool> cancelled{false};
  PreprocessReport sum;
  for (std::size_t first = 0; first < tracks.size(); first += kBenchShardTracks) {
    const auto last = std::min(tracks.size(), first + kBenchShardTracks);
    const std::vector<PreprocessTrack> block(tracks.begin() + static_cast<std::ptrdiff_t>(first),
                                             tracks.begin() + static_cast<std::ptrdiff_t>(last));
    const auto shard = temporary.path() / (std::to_string(first) + ".safetensors");
    TUTTI_ASSIGN_OR_RETURN(const PreprocessReport report,
                           Preprocess(block, {}, threads, shard, clock, cancelled, observer));
    sum.load_seconds += report.load_seconds;
    sum.compute_seconds += report.compute_seconds;
    sum.write_seconds += report.write_seconds;
    sum.total_seconds += report.total_seconds;
    std::error_code ignored;
    std::filesystem::remove(shard, ignored);
  }
  PrintReport(sum, tracks.size(), out);
  return {};
}

}  // namespace tutti
