#include "worker/audio/decode.h"

#include <algorithm>
#include <limits>

#include <sys/stat.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/worker/audio/audio_files.h"

namespace tutti {
namespace {

constexpr std::size_t kSamples = 5000;

Result<std::vector<float>> ReadAll(const std::filesystem::path& path,
                                   std::size_t limit = 1'000'000) {
  TUTTI_ASSIGN_OR_RETURN(const auto reader, AudioReader::Open(path));
  std::vector<float> samples(limit);
  TUTTI_ASSIGN_OR_RETURN(const std::size_t got, reader->Read(samples));
  samples.resize(got);
  return samples;
}

double Distance(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = a.size() == b.size() ? 0.0 : 1e9;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, static_cast<double>(std::abs(a[i] - b[i])));
  }
  return largest;
}

struct Format {
  std::string name;
  int format;
  int rate_hz;
  double bound;  // of the codec: half a step where it is exact, what the ear forgives where not
};

class DecodeFormat : public testing::TestWithParam<Format> {};

TEST_P(DecodeFormat, GivesTheSamplesThatWereWritten) {
  const TempDir dir;
  const Format& format = GetParam();
  const auto tone = Tone(kSamples, 440, format.rate_hz);
  WriteAudio(dir / "tone", format.format, tone, format.rate_hz);
  const auto reader = AudioReader::Open(dir / "tone");
  ASSERT_TRUE(IsOk(reader));
  EXPECT_EQ((*reader)->sample_rate_hz(), format.rate_hz);
  EXPECT_EQ((*reader)->channels(), 1);
  const auto samples = ReadAll(dir / "tone");
  ASSERT_TRUE(IsOk(samples));
  EXPECT_LE(Distance(*samples, tone), format.bound);
}

INSTANTIATE_TEST_SUITE_P(
    All, DecodeFormat,
    testing::Values(Format{"Wav8", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 22050, 1.0 / 128},
                    Format{"Wav16", kWav16, 22050, 1.0 / 32768},
                    Format{"Wav24", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 22050, 1.0 / 8388608},
                    Format{"Wav32", SF_FORMAT_WAV | SF_FORMAT_PCM_32, 22050, 1e-7},
                    Format{"WavFloat", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 22050, 0.0},
                    Format{"Flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 1.0 / 32768},
                    Format{"OggVorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 22050, 0.05},
                    Format{"OggOpus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 0.2},
                    Format{"Mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100, 0.2}),
    [](const auto& format) { return format.param.name; });

TEST(Decode, SixteenBitSamplesAreDividedBy32768) {
  const TempDir dir;
  WriteAudio(dir / "a.wav", kWav16, {0.5F, -0.5F, 0.25F});
  const auto samples = ReadAll(dir / "a.wav");
  ASSERT_TRUE(IsOk(samples));
  // libsndfile writes 32767 for 1, so that a half is 16384 after rounding.
  EXPECT_EQ(*samples, (std::vector<float>{0.5F, -0.5F, 0.25F}));
}

TEST(Decode, StereoIsTheMeanOfItsChannels) {
  const TempDir dir;
  WriteAudio(dir / "a.wav", kWav16, {0.5F, 0.25F, -0.5F, 0.5F}, 22050, 2);
  const auto samples = ReadAll(dir / "a.wav");
  ASSERT_TRUE(IsOk(samples));
  EXPECT_EQ(*samples, (std::vector<float>{0.375F, 0.0F}));
}

TEST(Decode, ManyChannelsAreTheirMeanAcrossPieces) {
  const TempDir dir;
  constexpr int kChannels = 5;
  std::vector<float> interleaved;
  for (std::size_t i = 0; i < 40'000; ++i) {
    for (int c = 0; c < kChannels; ++c) {
      interleaved.push_back(static_cast<float>(i % 100 + static_cast<std::size_t>(c)) / 128.0F);
    }
  }
  WriteAudio(dir / "a.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, interleaved, 22050, kChannels);
  const auto samples = ReadAll(dir / "a.wav");
  ASSERT_TRUE(IsOk(samples));
  ASSERT_EQ(samples->size(), 40'000U);
  EXPECT_FLOAT_EQ((*samples)[0], 2.0F / 128.0F);
  EXPECT_FLOAT_EQ((*samples)[39'999], 101.0F / 128.0F);
}

TEST(Decode, ReadsNoMoreThanIsAskedForAndGoesOnWhereItStopped) {
  const TempDir dir;
  const auto tone = Tone(kSamples, 440, 22050);
  WriteAudio(dir / "a.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, tone);
  const auto reader = AudioReader::Open(dir / "a.wav");
  ASSERT_TRUE(IsOk(reader));
  std::vector<float> samples(kSamples + 10);
  const auto first = (*reader)->Read(std::span(samples).first(1234));
  ASSERT_TRUE(IsOk(first));
  EXPECT_EQ(*first, 1234U);
  const auto rest = (*reader)->Read(std::span(samples).subspan(1234));
  ASSERT_TRUE(IsOk(rest));
  EXPECT_EQ(*rest, kSamples - 1234);
  samples.resize(kSamples);
  EXPECT_EQ(samples, tone);
}

TEST(Decode, AFileThatEndsBeforeItsHeaderSaysGivesWhatIsThere) {
  const TempDir dir;
  WriteAudio(dir / "whole.wav", kWav16, Tone(kSamples, 440, 22050));
  const std::string bytes = ReadBytes(dir / "whole.wav");
  WriteBytes(dir / "cut.wav", std::string_view(bytes).substr(0, bytes.size() / 2));
  const auto samples = ReadAll(dir / "cut.wav");
  ASSERT_TRUE(IsOk(samples));
  EXPECT_NEAR(static_cast<double>(samples->size()), kSamples / 2.0, 50);
}

TEST(Decode, BytesThatAreNoAudioAreUndecodableAndNamed) {
  const TempDir dir;
  WriteBytes(dir / "text.wav", "this is no audio, whatever its name says");
  EXPECT_TRUE(FailsWith(AudioReader::Open(dir / "text.wav"), ErrorCode::kDataLoss,
                        "cannot decode " + (dir / "text.wav").string() + ": "));
}

TEST(Decode, AnEmptyFileIsUndecodable) {
  const TempDir dir;
  WriteBytes(dir / "empty.wav", "");
  EXPECT_TRUE(
      FailsWith(AudioReader::Open(dir / "empty.wav"), ErrorCode::kDataLoss, "the file is empty"));
}

TEST(Decode, ResourceForksOfOtherSystemsAreUndecodable) {
  const TempDir dir;
  WriteBytes(dir / "._song.wav", std::string("\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", 16));
  EXPECT_TRUE(
      FailsWith(AudioReader::Open(dir / "._song.wav"), ErrorCode::kDataLoss, "cannot decode"));
}

TEST(Decode, DamageInsideAFlacStreamIsUndecodable) {
  const TempDir dir;
  WriteAudio(dir / "a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, Tone(100'000, 440, 22050));
  std::string bytes = ReadBytes(dir / "a.flac");
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2), 2000, '\0');
  WriteBytes(dir / "a.flac", bytes);
  EXPECT_TRUE(FailsWith(ReadAll(dir / "a.flac"), ErrorCode::kDataLoss, "cannot decode"));
}

TEST(Decode, NotANumberAndInfinityAreUndecodable) {
  const TempDir dir;
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto tone = Tone(kSamples, 440, 22050);
    tone[321] = bad;
    WriteAudio(dir / "a.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, tone);
    EXPECT_TRUE(FailsWith(ReadAll(dir / "a.wav"), ErrorCode::kDataLoss,
                          "bad_data: sample 321 is not a finite number"));
  }
}

TEST(Decode, WhatIsNotThereIsNoVerdictOnATrack) {
  const TempDir dir;
  EXPECT_TRUE(FailsWith(AudioReader::Open(dir / "none.wav"), ErrorCode::kNotFound, "none.wav"));
  ASSERT_EQ(::mkfifo((dir / "pipe.wav").c_str(), 0600), 0);
  for (const auto& path : {dir.path(), dir / "pipe.wav"}) {
    EXPECT_TRUE(FailsWith(AudioReader::Open(path), ErrorCode::kInvalidArgument, "regular file"));
  }
}

}  // namespace
}  // namespace tutti
