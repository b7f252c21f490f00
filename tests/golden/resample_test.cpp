// Resampling against librosa's (make_mel_golden.py).
#include "worker/audio/resample.h"

#include <cstdio>

#include "tests/golden/golden_cases.h"

namespace tutti {
namespace {

// soxr promises 20 bits at this quality; builds of it differ in their last ones.
constexpr double kBound = 1e-5;

TEST(ResampleGolden, SamplesAreThoseOfLibrosa) {
  const auto file = OpenGolden("resample.safetensors");
  ASSERT_NE(file, nullptr);
  EXPECT_TRUE(file->metadata().at("tool").starts_with("librosa 0.11."));
  const auto cases = GoldenCases(*file);
  EXPECT_EQ(cases.size(), 4U);
  for (const Json& golden : cases) {
    const auto name = golden.at("name").get<std::string>();
    SCOPED_TRACE(name);
    const auto output =
        Resample(GoldenSamples(*file, name + ".input"), golden.at("from_hz"), golden.at("to_hz"));
    ASSERT_TRUE(IsOk(output));
    const double difference =
        LargestDifference(*output, GoldenValues<float>(*file, name + ".output"));
    std::printf("%-12s largest difference %.2e, bound %.0e\n", name.c_str(), difference, kBound);
    EXPECT_LE(difference, kBound);
  }
}

}  // namespace
}  // namespace tutti
