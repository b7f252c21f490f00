#include "worker/audio/decode.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <sndfile.h>
#include <utility>
#include <vector>

#include "worker/audio/file_bytes.h"
#include "worker/audio/finite.h"

namespace tutti {
namespace {

// Interleaved values decoded at once; bounds the memory that a file of many channels takes.
constexpr std::size_t kInterleavedValues = 65'536;

// libsndfile keeps the reason of a failed open in one variable of the process.
std::mutex& OpenMutex() {
  static std::mutex mutex;
  return mutex;
}

Error CannotDecode(const std::filesystem::path& path, const std::string& why) {
  return DataLoss("cannot decode " + path.string() + ": " + why);
}

// The library's sentences end with a full stop, and some with a newline; ours do not.
std::string Reason(SNDFILE* file) {
  std::string reason = sf_strerror(file);
  while (!reason.empty() && (reason.back() == '.' || reason.back() == '\n')) reason.pop_back();
  return reason.empty() ? "the format is not recognised" : reason;
}

sf_count_t SizeOf(void* bytes) {
  return static_cast<FileBytes*>(bytes)->size();
}
sf_count_t PositionOf(void* bytes) {
  return static_cast<FileBytes*>(bytes)->position();
}
sf_count_t SeekTo(sf_count_t offset, int whence, void* bytes) {
  auto* file = static_cast<FileBytes*>(bytes);
  const std::int64_t base = whence == SEEK_CUR   ? file->position()
                            : whence == SEEK_END ? file->size()
                                                 : 0;
  if (base + offset < 0) return -1;
  file->Seek(base + offset);
  return file->position();
}
sf_count_t ReadBytes(void* to, sf_count_t count, void* bytes) {
  const std::span target(static_cast<std::byte*>(to), static_cast<std::size_t>(count));
  return static_cast<sf_count_t>(static_cast<FileBytes*>(bytes)->Read(target));
}

// numpy's mean of float32 adds in float32 and divides in float64.
void MeanOfChannels(std::span<const float> interleaved, std::size_t channels,
                    std::span<float> mono) {
  if (channels == 2) {  // the usual case, without the inner loop; halving is exact
    for (std::size_t i = 0; i < mono.size(); ++i) {
      mono[i] = (interleaved[2 * i] + interleaved[2 * i + 1]) * 0.5F;
    }
    return;
  }
  for (std::size_t i = 0; i < mono.size(); ++i) {
    float sum = 0.0F;
    for (std::size_t c = 0; c < channels; ++c) sum += interleaved[i * channels + c];
    mono[i] = static_cast<float>(static_cast<double>(sum) / static_cast<double>(channels));
  }
}

}  // namespace

struct AudioReader::Handle {
  std::unique_ptr<FileBytes> bytes;
  SNDFILE* file = nullptr;
  SF_INFO info{};
  std::vector<float> interleaved;
  std::vector<short> whole_numbers;  // as sf_readf_short takes them

  ~Handle() {
    if (file != nullptr) sf_close(file);
  }

  bool is_16_bit() const { return (info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16; }
  // As sf_readf_float. Of 16-bit samples it makes float32 one by one; taken as they are, they are
  // read without a copy, and divided by 2^15 as vectors: the same values.
  sf_count_t ReadFrames(float* to, std::size_t frames) {
    if (!is_16_bit()) return sf_readf_float(file, to, static_cast<sf_count_t>(frames));
    const auto channels = static_cast<std::size_t>(info.channels);
    whole_numbers.resize(frames * channels);
    const sf_count_t got =
        sf_readf_short(file, whole_numbers.data(), static_cast<sf_count_t>(frames));
    const auto count = static_cast<std::size_t>(std::max<sf_count_t>(got, 0)) * channels;
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = static_cast<float>(whole_numbers[i]) * (1.0F / 32768.0F);
    }
    return got;
  }
};

AudioReader::AudioReader(std::filesystem::path path, std::unique_ptr<Handle> handle)
    : path_(std::move(path)), handle_(std::move(handle)) {}

AudioReader::~AudioReader() = default;

Result<std::unique_ptr<AudioReader>> AudioReader::Open(const std::filesystem::path& path) {
  auto handle = std::make_unique<Handle>();
  TUTTI_ASSIGN_OR_RETURN(handle->bytes, FileBytes::Open(path));
  if (handle->bytes->size() == 0) return CannotDecode(path, "the file is empty");
  SF_VIRTUAL_IO input{SizeOf, SeekTo, ReadBytes, nullptr, PositionOf};
  {
    const std::scoped_lock lock(OpenMutex());
    handle->file = sf_open_virtual(&input, SFM_READ, &handle->info, handle->bytes.get());
    if (handle->bytes->failure()) return *handle->bytes->failure();
    if (handle->file == nullptr) return CannotDecode(path, Reason(nullptr));
  }
  if (handle->info.channels < 1 || handle->info.samplerate < 1) {
    return CannotDecode(path, "the header names " + std::to_string(handle->info.channels) +
                                  " channels at " + std::to_string(handle->info.samplerate) +
                                  " Hz");
  }
  return std::unique_ptr<AudioReader>(new AudioReader(path, std::move(handle)));
}

int AudioReader::sample_rate_hz() const {
  return handle_->info.samplerate;
}
int AudioReader::channels() const {
  return handle_->info.channels;
}

std::optional<std::int64_t> AudioReader::declared_samples() const {
  const sf_count_t frames = handle_->info.frames;
  if (frames <= 0 || frames == SF_COUNT_MAX) return std::nullopt;
  return frames;
}

Error AudioReader::Undecodable(const std::string& why) const {
  return CannotDecode(path_, why);
}

Status AudioReader::CheckFinite(std::span<const float> mono) const {
  const auto at = FirstNotFinite(mono);
  if (!at) return {};
  return Undecodable("bad_data: sample " + std::to_string(position_ + *at) +
                     " is not a finite number (NaN or infinity)");
}

Result<std::size_t> AudioReader::Read(std::span<float> mono) {
  const auto channels = static_cast<std::size_t>(handle_->info.channels);
  const std::size_t piece = std::max<std::size_t>(1, kInterleavedValues / channels);
  auto& interleaved = handle_->interleaved;
  if (channels > 1) interleaved.resize(piece * channels);
  std::size_t done = 0;
  while (done < mono.size()) {
    const std::span<float> to = mono.subspan(done, std::min(piece, mono.size() - done));
    float* target = channels > 1 ? interleaved.data() : to.data();
    const sf_count_t got = handle_->ReadFrames(target, to.size());
    if (handle_->bytes->failure()) return *handle_->bytes->failure();
    if (sf_error(handle_->file) != SF_ERR_NO_ERROR) {
      return Undecodable(Reason(handle_->file) + " (after sample " +
                         std::to_string(position_ + static_cast<std::size_t>(got)) + ")");
    }
    const auto frames = static_cast<std::size_t>(std::max<sf_count_t>(got, 0));
    if (channels > 1) MeanOfChannels(interleaved, channels, to.first(frames));
    if (!handle_->is_16_bit()) TUTTI_RETURN_IF_ERROR(CheckFinite(to.first(frames)));
    position_ += frames;
    done += frames;
    if (frames < to.size()) break;
  }
  return done;
}

}  // namespace tutti
