// A dataset's manifest, as a client uploads it. What is taken is canonical: its text is the only
// one of its content, since the text's hash is the dataset's version.
#include "common/manifest.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti;
  using fuzz::Require;
  const auto manifest = ParseManifest(fuzz::AsText(data, size));
  if (!manifest.ok()) {
    Require(manifest.error().code == ErrorCode::kInvalidArgument, "the text is at fault");
    return 0;
  }
  const auto again = ParseManifest(DumpManifest(*manifest));
  Require(again.ok() && *again == *manifest, "a manifest is what its text says");
  for (const ManifestTrack& track : manifest->tracks) {
    Require(!track.path.starts_with('/') && !("/" + track.path + "/").contains("/../"),
            "no path climbs out of the dataset");
  }
  return 0;
}
