// Audio files for tests, written by libsndfile when the test runs.
#pragma once

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <sndfile.h>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace tutti {

inline std::vector<float> Tone(std::size_t samples, double hz, double rate_hz,
                               double amplitude = 0.5) {
  std::vector<float> tone(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    const double phase = 2.0 * std::numbers::pi * hz * static_cast<double>(i) / rate_hz;
    tone[i] = static_cast<float>(amplitude * std::sin(phase));
  }
  return tone;
}

// format: libsndfile's, such as SF_FORMAT_WAV | SF_FORMAT_PCM_16. samples: interleaved.
inline void WriteAudio(const std::filesystem::path& path, int format,
                       const std::vector<float>& samples, int rate_hz = 22050, int channels = 1) {
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = channels;
  info.format = format;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr) << path << ": " << sf_strerror(nullptr);
  const auto frames = static_cast<sf_count_t>(samples.size()) / channels;
  EXPECT_EQ(sf_writef_float(file, samples.data(), frames), frames);
  EXPECT_EQ(sf_close(file), 0);
}

inline constexpr int kWav16 = SF_FORMAT_WAV | SF_FORMAT_PCM_16;

inline std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void WriteBytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace tutti
