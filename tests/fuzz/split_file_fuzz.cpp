// A split.csv (or, by the first byte, a groups.csv) beside a folder of four tracks.
#include <filesystem>
#include <fstream>

#include "common/dataset_scan.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

// Made once in a process, taken away at its end.
class Dataset {
 public:
  Dataset() : root_(std::filesystem::temp_directory_path() / "tutti-fuzz-XXXXXX") {
    std::string name = root_;
    tutti::fuzz::Require(::mkdtemp(name.data()) != nullptr, "a dataset can be made");
    root_ = name;
    for (const char* track : {"blues/a.wav", "blues/b.wav", "rock/c.wav", "rock/d, \"e\".wav"}) {
      std::filesystem::create_directories((root_ / track).parent_path());
      std::ofstream(root_ / track) << track;
    }
  }
  ~Dataset() { std::filesystem::remove_all(root_); }
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti;
  using fuzz::Require;
  static const Dataset dataset;
  if (size == 0) return 0;
  const fuzz::InputFile table(fuzz::AsText(data, size).substr(1));
  const bool is_groups = data[0] == 'g';
  ScanOptions options;
  options.threads = 1;
  (is_groups ? options.groups : options.split) = table.path();
  const auto scan = ScanDataset(dataset.root(), options);
  if (!scan.ok()) {
    Require(scan.error().code == ErrorCode::kInvalidArgument, "the table is at fault");
    return 0;
  }
  for (const ManifestTrack& track : scan->manifest.tracks) {
    Require(is_groups || track.part.empty() || track.part == "train" ||
                track.part == "validation" || track.part == "test",
            "a part is one of the three");
  }
  const auto again = ParseManifest(DumpManifest(scan->manifest));
  Require(again.ok() && *again == scan->manifest, "the manifest is a canonical one");
  return 0;
}
