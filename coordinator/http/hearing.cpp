#include "coordinator/http/hearing.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <ranges>
#include <string_view>
#include <utility>

#include "common/feature_spec.h"

namespace tutti {
namespace {

constexpr double kDecibelRange = 80;  // of the features: level 255 is the loudest, 0 is 80 dB below
constexpr double kSpeechLowShare = 0.6;
constexpr double kSpeechDeepShare = 0.2;
constexpr double kDeep = 0.00316;  // -25 dB

// Mel bands as shares of all.
struct Bands {
  double first;
  double last;
};
constexpr Bands kVowelsAndConsonants{0.16, 0.6};
constexpr Bands kVoice{0.05, 0.6};

// Power of each frame, relative; without the silence that a short file was padded with.
std::vector<double> FramePowers(const v1::Heard& heard, const Bands& bands) {
  const auto frames = static_cast<std::size_t>(heard.mel_frames());
  const auto first = static_cast<std::size_t>(bands.first * heard.mel_bands());
  const auto last = static_cast<std::size_t>(bands.last * heard.mel_bands());
  std::vector<double> powers(frames, 0);
  std::vector<bool> is_silent(frames, true);
  for (std::size_t band = 0; band < static_cast<std::size_t>(heard.mel_bands()); ++band) {
    for (std::size_t frame = 0; frame < frames; ++frame) {
      const auto level = static_cast<unsigned char>(heard.mel()[band * frames + frame]);
      if (level > 0) is_silent[frame] = false;
      if (band < first || band >= last) continue;
      powers[frame] += std::pow(10.0, (level / 255.0 - 1) * kDecibelRange / 10);
    }
  }
  while (!powers.empty() && is_silent[powers.size() - 1]) powers.pop_back();
  return powers;
}

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

std::string Why(Sureness sureness) {
  switch (sureness) {
    case Sureness::kSure:
      return "";
    case Sureness::kSilence:
      return "there is nothing to hear: the file is silent";
    case Sureness::kSpeech:
      return "this sounds like somebody who speaks, and the model knows music only";
    case Sureness::kLowConfidence:
      return "no class is clearly ahead of the others";
  }
  return "";
}

std::vector<double> MeanProbabilities(const v1::PredictResponse& response) {
  std::vector<double> mean(static_cast<std::size_t>(response.model().classes_size()), 0);
  for (const auto& slice : response.heard().slices()) {
    for (std::size_t c = 0; c < mean.size() && std::cmp_less(c, slice.probabilities_size()); ++c) {
      mean[c] += slice.probabilities(static_cast<int>(c)) / response.heard().slices_size();
    }
  }
  return mean;
}

// One vote a slice.
std::vector<int> Votes(const v1::PredictResponse& response) {
  std::vector<int> votes(static_cast<std::size_t>(response.model().classes_size()), 0);
  for (const auto& slice : response.heard().slices()) {
    const auto best = std::ranges::max_element(slice.probabilities());
    const auto index = static_cast<std::size_t>(best - slice.probabilities().begin());
    if (index < votes.size()) ++votes[index];
  }
  return votes;
}

OrderedJson ModelJson(const v1::ServingModel& model, const Json& config) {
  return {{"job", model.job_id()},
          {"sweep", model.sweep()},
          {"model", config.value("model", Json())},
          {"slice_seconds", config.value("slice_seconds", Json())},
          {"f1_macro", model.f1_macro()},
          {"classes", std::vector<std::string>(model.classes().begin(), model.classes().end())}};
}

double FramesPerSecond(const Json& config) {
  const auto spec = FeatureSpecFromJson(config.value("features", Json::object()));
  if (!spec.ok()) return 0;
  return static_cast<double>(spec->sample_rate_hz) / static_cast<double>(spec->hop);
}

// Slices overlap: each begins where a share of the one before is over.
OrderedJson SlicesJson(const v1::Heard& heard, double slice_seconds, double overlap) {
  OrderedJson slices = OrderedJson::array();
  for (int i = 0; i < heard.slices_size(); ++i) {
    const auto& row = heard.slices(i).probabilities();
    slices.push_back({{"at_seconds", i * slice_seconds * (1 - overlap)},
                      {"probabilities", std::vector<float>(row.begin(), row.end())}});
  }
  return slices;
}

}  // namespace

Pauses FindPauses(const v1::Heard& heard, double frames_per_second) {
  const std::vector<double> powers = FramePowers(heard, kVowelsAndConsonants);
  const std::vector<double> voice = FramePowers(heard, kVoice);
  const auto window = static_cast<std::ptrdiff_t>(std::lround(frames_per_second));
  const auto frames = std::ssize(powers);
  if (window < 2 || frames < window) return {};
  double low = 0;
  double deep = 0;
  for (std::ptrdiff_t frame = 0; frame < frames; ++frame) {
    const auto begin = std::clamp<std::ptrdiff_t>(frame - window / 2, 0, frames - window);
    const double sum =
        std::accumulate(powers.begin() + begin, powers.begin() + begin + window, 0.0);
    const auto at = static_cast<std::size_t>(frame);
    if (powers[at] < 0.5 * sum / static_cast<double>(window)) ++low;
    const auto around =
        std::ranges::subrange(voice.begin() + std::max<std::ptrdiff_t>(0, frame - window),
                              voice.begin() + std::min(frames, frame + window));
    if (voice[at] < kDeep * std::ranges::max(around)) ++deep;
  }
  const auto all = static_cast<double>(frames);
  return {low / all, deep / all};
}

Sureness Judge(const v1::Heard& heard, const std::vector<double>& probabilities,
               double frames_per_second) {
  if (heard.peak() < kSilencePeak || probabilities.empty()) return Sureness::kSilence;
  const Pauses pauses = FindPauses(heard, frames_per_second);
  if (pauses.low_share > kSpeechLowShare && pauses.deep_share > kSpeechDeepShare) {
    return Sureness::kSpeech;
  }
  std::vector<double> sorted = probabilities;
  std::ranges::sort(sorted, std::greater());
  const double next = sorted.size() > 1 ? sorted[1] : 0;
  const bool is_clear = sorted[0] >= kLeastProbability && sorted[0] - next >= kLeastLead;
  return is_clear ? Sureness::kSure : Sureness::kLowConfidence;
}

OrderedJson ServingJson(const v1::GetServingResponse& response) {
  OrderedJson json{{"workers", response.workers()}, {"model", nullptr}};
  if (!response.has_model()) return json;
  const auto config = ParseJson(response.model().config_json(), "configuration");
  json["model"] = ModelJson(response.model(), config.ok() ? *config : Json::object());
  return json;
}

OrderedJson HearingJson(const v1::PredictResponse& response) {
  const auto parsed = ParseJson(response.model().config_json(), "configuration");
  const Json config = parsed.ok() ? *parsed : Json::object();
  const v1::Heard& heard = response.heard();
  const std::vector<double> mean = MeanProbabilities(response);
  const std::vector<int> votes = Votes(response);
  const Sureness sureness = Judge(heard, mean, FramesPerSecond(config));
  std::vector<std::size_t> order(mean.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return votes[a] != votes[b] ? votes[a] > votes[b] : mean[a] > mean[b];
  });
  OrderedJson classes = OrderedJson::array();
  for (const std::size_t c : order) {
    classes.push_back({{"class", response.model().classes(static_cast<int>(c))},
                       {"votes", votes[c]},
                       {"share", votes[c] / std::max(1.0, double(heard.slices_size()))},
                       {"probability", mean[c]}});
  }
  const double slice_seconds = config.value("slice_seconds", 0.0);
  const Json training = config.value("training", Json::object());
  const std::map<std::string, double> timings(heard.timings_seconds().begin(),
                                              heard.timings_seconds().end());
  return {{"sure", sureness == Sureness::kSure},
          {"why", Why(sureness)},
          {"predicted", classes.empty() ? OrderedJson() : classes[0]["class"]},
          {"classes", std::move(classes)},
          {"slices", SlicesJson(heard, slice_seconds, training.value("overlap", 0.5))},
          {"mel",
           {{"bands", heard.mel_bands()},
            {"frames", heard.mel_frames()},
            {"levels", Base64(heard.mel())}}},
          {"model", ModelJson(response.model(), config)},
          {"timings_seconds", timings},
          {"worker", response.worker()}};
}

}  // namespace tutti
