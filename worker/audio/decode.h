// Audio files as mono float32 samples, read piece by piece.
//
// Source: what librosa 0.11 load(mono=True, sr=None) does through libsndfile: samples as float32
// (PCM16 / 32768), then the mean over the channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/result.h"

namespace tutti {

// One open audio file (WAV, FLAC, OGG, Opus, MP3 and whatever else libsndfile reads). Not
// thread-safe; different readers may be used by different threads.
//
// Two kinds of failure, because "undecodable" is a verdict on the track's bytes that every worker
// must share, and a disk's trouble is not:
//   kDataLoss, "cannot decode PATH: why": the bytes are at fault.
//   anything else (kNotFound, kPermissionDenied, kUnavailable, kInvalidArgument for what is no
//   regular file): the file could not be read here; another try may go well.
class AudioReader {
 public:
  static Result<std::unique_ptr<AudioReader>> Open(const std::filesystem::path& path);

  ~AudioReader();
  AudioReader(const AudioReader&) = delete;
  AudioReader& operator=(const AudioReader&) = delete;

  int sample_rate_hz() const;
  int channels() const;
  // Samples that the header names; nothing where it names none.
  std::optional<std::int64_t> declared_samples() const;

  // Fills `mono` from its start and returns how many samples it got: fewer than asked for only at
  // the end of what decodes, also where that is before the end that the header names. kDataLoss: a
  // broken stream, NaN or infinity inside.
  Result<std::size_t> Read(std::span<float> mono);

 private:
  struct Handle;
  AudioReader(std::filesystem::path path, std::unique_ptr<Handle> handle);

  Error Undecodable(const std::string& why) const;
  Status CheckFinite(std::span<const float> mono) const;

  std::filesystem::path path_;
  std::unique_ptr<Handle> handle_;
  std::size_t position_ = 0;  // frames read so far
};

}  // namespace tutti
