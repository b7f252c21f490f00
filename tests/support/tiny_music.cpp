#include "tests/support/tiny_music.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <numbers>
#include <random>

namespace tutti {
namespace {

void Append(std::string& bytes, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
}

// RIFF header of mono PCM, 16 bits.
std::string WavOf(const std::vector<double>& samples, int rate_hz) {
  const auto data_bytes = static_cast<std::uint32_t>(2 * samples.size());
  const auto rate = static_cast<std::uint32_t>(rate_hz);
  std::string wav = "RIFF";
  Append(wav, 36 + data_bytes, 4);
  wav += "WAVEfmt ";
  Append(wav, 16, 4);
  Append(wav, 1, 2);
  Append(wav, 1, 2);
  Append(wav, rate, 4);
  Append(wav, 2 * rate, 4);
  Append(wav, 2, 2);
  Append(wav, 16, 2);
  wav += "data";
  Append(wav, data_bytes, 4);
  for (const double sample : samples) {
    Append(wav, static_cast<std::uint16_t>(std::lround(sample * 30'000)), 2);
  }
  return wav;
}

double Phase(double hz, double seconds) {
  return 2 * std::numbers::pi * hz * seconds;
}

// Of a bell struck twice a second.
double Decay(double seconds) {
  return std::exp(-6 * std::fmod(seconds, 0.5));
}

// A decaying high tone, a low one with many harmonics, or noise.
std::vector<double> Play(int timbre, const TinyMusic& music, std::mt19937& random) {
  const auto chance = [&random] { return static_cast<double>(random()) / 4294967296.0; };
  const double pitch = 1.0 + 0.2 * chance();
  std::vector<double> samples;
  const auto n = static_cast<std::size_t>(music.seconds * music.rate_hz);
  for (std::size_t i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) / music.rate_hz;
    const double pulse = std::fmod(t * 3 * pitch, 1.0) < 0.5 ? 1 : 0.2;
    double sample = 0.01 * (chance() - 0.5);
    if (timbre == 0) sample += 0.6 * std::sin(Phase(1'500 * pitch, t)) * Decay(t);
    if (timbre == 1) sample += 0.5 * (std::fmod(t * 110 * pitch, 1.0) - 0.5);
    if (timbre == 2) sample += 0.5 * (chance() - 0.5) * pulse;
    samples.push_back(sample);
  }
  return samples;
}

}  // namespace

void WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string ReadWholeFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteTinyMusic(const std::filesystem::path& root, const TinyMusic& music) {
  constexpr std::array kClasses{"bell", "buzz", "hiss"};
  std::mt19937 random(42);
  for (int timbre = 0; timbre < 3; ++timbre) {
    const std::string name = kClasses[static_cast<std::size_t>(timbre)];
    for (int i = 0; i < music.tracks_per_class; ++i) {
      const std::string file = name + (i < 10 ? ".0" : ".") + std::to_string(i) + ".wav";
      WriteFile(root / name / file, WavOf(Play(timbre, music, random), music.rate_hz));
    }
  }
}

std::string TinySweepFile(const TinySweep& sweep) {
  const std::string epochs = std::to_string(sweep.epochs);
  return "name: " + sweep.name +
         "\n"
         "dataset: tiny\n"
         "grid:\n"
         "  model: " +
         sweep.models +
         "\n"
         "  slice_seconds: [1]\n"
         "  seed: " +
         sweep.seeds + "\n" + (sweep.axes.empty() ? "" : "  " + sweep.axes + "\n") +
         "training: {epochs: " + epochs + ", patience: " + epochs +
         "}\n"
         "features: {clip_seconds: 2}\n" +
         sweep.more;
}

}  // namespace tutti
