#include "worker/audio/check.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <string_view>
#include <thread>

#include "common/hash.h"
#include "worker/audio/decode.h"

namespace tutti {
namespace {

constexpr std::size_t kPieceSamples = 65'536;

// libsndfile takes a WAV file's size for its data's where less is there than the header names, and
// says nothing: the outer chunk's length tells.
bool RiffIsCut(const std::filesystem::path& path) {
  std::array<unsigned char, 12> head{};
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(head.data()), head.size())) return false;
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (!text.starts_with("RIFF") || text.substr(8) != "WAVE") return false;
  const std::uint64_t named =
      head[4] | head[5] << 8U | head[6] << 16U | static_cast<std::uint64_t>(head[7]) << 24U;
  constexpr std::uint64_t kUnknown = 0xFFFFFFFF;  // written by programs that could not go back
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  return !failed && named != kUnknown && size < named + 8;
}

std::string_view Bytes(std::span<const float> samples) {
  return {reinterpret_cast<const char*>(samples.data()), samples.size_bytes()};
}

}  // namespace

Result<AudioFacts> ReadAudioFacts(const std::filesystem::path& path) {
  AudioFacts facts;
  const auto verdict = [&](const Error& error) -> Result<AudioFacts> {
    if (error.code != ErrorCode::kDataLoss) return error;
    facts.undecodable = error.message;
    return facts;
  };
  auto reader = AudioReader::Open(path);
  if (!reader.ok()) return verdict(reader.error());
  facts.sample_rate_hz = (*reader)->sample_rate_hz();
  facts.channels = (*reader)->channels();
  Sha256 hash;
  hash.Update(std::to_string(facts.sample_rate_hz) + ":");
  std::vector<float> piece(kPieceSamples);
  std::optional<float> first;
  bool alike = true;
  while (true) {
    const auto got = (*reader)->Read(piece);
    if (!got.ok()) return verdict(got.error());
    const std::span<const float> samples(piece.data(), *got);
    if (!samples.empty() && !first) first = samples[0];
    alike &= std::ranges::all_of(samples, [&](float x) { return x == *first; });
    hash.Update(Bytes(samples));
    facts.samples += static_cast<std::int64_t>(*got);
    if (*got < piece.size()) break;
  }
  if (facts.samples == 0) {
    facts.undecodable = "cannot decode " + path.string() + ": no sample in it";
    return facts;
  }
  facts.is_silent = alike && *first == 0;
  facts.is_constant = alike && *first != 0;
  facts.seconds = static_cast<double>(facts.samples) / facts.sample_rate_hz;
  const auto declared = (*reader)->declared_samples();
  facts.is_truncated = (declared && *declared > facts.samples) || RiffIsCut(path);
  facts.pcm_hash = hash.FinishHex();
  return facts;
}

Status CheckAudio(const std::vector<std::filesystem::path>& files, std::int64_t threads,
                  const std::function<void(std::size_t index, const AudioFacts& facts)>& told) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  Status first_error;
  const auto work = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++) {
      const auto facts = ReadAudioFacts(files[i]);
      const std::scoped_lock lock(mutex);
      if (!first_error.ok()) return;
      if (!facts.ok()) {
        first_error = facts.error();
        return;
      }
      told(i, *facts);
    }
  };
  {
    std::vector<std::jthread> helpers;
    const auto useful = std::min<std::int64_t>(threads, std::ssize(files));
    for (std::int64_t i = 1; i < useful; ++i) helpers.emplace_back(work);
    work();
  }
  return first_error;
}

}  // namespace tutti
