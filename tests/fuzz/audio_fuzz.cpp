// An audio file of any dataset, through our wrapper of libsndfile, as far as the mono samples:
// finite ones, or an error that puts the blame on the bytes.
#include <array>
#include <cmath>

#include "tests/fuzz/fuzz_target.h"
#include "worker/audio/decode.h"

// libsndfile keeps 5.8 kB of each OGG file whose Vorbis headers it refuses; it is not ours to mend.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libvorbis.so";
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti;
  using fuzz::Require;
  // A short file can declare and, compressed, hold hours of silence.
  constexpr std::size_t kMaxSamples = std::size_t{1} << 20;
  const fuzz::InputFile file(fuzz::AsText(data, size));
  const auto reader = AudioReader::Open(file.path());
  if (!reader.ok()) {
    Require(reader.error().code == ErrorCode::kDataLoss, "the track is at fault");
    return 0;
  }
  Require((*reader)->channels() >= 1 && (*reader)->sample_rate_hz() >= 1, "there is a signal");
  std::array<float, 4'096> mono{};
  for (std::size_t total = 0; total < kMaxSamples;) {
    const auto got = (*reader)->Read(mono);
    if (!got.ok()) {
      Require(got.error().code == ErrorCode::kDataLoss, "the track is at fault");
      return 0;
    }
    Require(*got <= mono.size(), "no more than was asked for");
    for (std::size_t i = 0; i < *got; ++i) Require(std::isfinite(mono[i]), "samples are finite");
    if (*got < mono.size()) break;
    total += *got;
  }
  return 0;
}
