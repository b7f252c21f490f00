#include "coordinator/tables/interval.h"

#include <algorithm>
#include <random>

#include "common/check.h"

namespace tutti {
namespace {

constexpr int kDraws = 1'000;
constexpr double kOutside = 0.025;  // on each side
constexpr std::uint32_t kSeed = 20'261'123;

// mt19937's output is the same everywhere; the library's distributions are not.
std::size_t Below(std::mt19937& random, std::size_t n) {
  return static_cast<std::size_t>((static_cast<std::uint64_t>(random()) * n) >> 32U);
}

// Gathers songs and scores them; kept between draws to save the allocations.
class Scorer {
 public:
  Scorer(std::string_view metric, std::int32_t classes)
      : is_f1_(metric == "f1_macro"), counts_(static_cast<std::size_t>(classes)) {}

  // Draws as many of the run's songs as it has.
  double DrawScore(const std::vector<PredictionRecord>& songs, std::mt19937& random) {
    std::ranges::fill(counts_, Counts{});
    std::int64_t hits = 0;
    for (std::size_t i = 0; i < songs.size(); ++i) {
      const PredictionRecord& song = songs[Below(random, songs.size())];
      ++counts_[static_cast<std::size_t>(song.label)].labelled;
      ++counts_[static_cast<std::size_t>(song.predicted)].predicted;
      if (song.label != song.predicted) continue;
      ++counts_[static_cast<std::size_t>(song.label)].hits;
      ++hits;
    }
    if (!is_f1_) return static_cast<double>(hits) / static_cast<double>(songs.size());
    return MacroF1();
  }

 private:
  struct Counts {
    std::int64_t hits = 0;
    std::int64_t labelled = 0;
    std::int64_t predicted = 0;
  };

  // Over the classes that occur, as the trainer's.
  double MacroF1() const {
    double sum = 0;
    int occurring = 0;
    for (const Counts& counts : counts_) {
      const std::int64_t all = counts.labelled + counts.predicted;
      if (all == 0) continue;
      ++occurring;
      sum += 2 * static_cast<double>(counts.hits) / static_cast<double>(all);
    }
    return sum / occurring;
  }

  bool is_f1_;
  std::vector<Counts> counts_;
};

}  // namespace

bool HasInterval(std::string_view metric) {
  return metric == "f1_macro" || metric == "song_accuracy";
}

std::optional<Interval> BootstrapInterval(const std::vector<std::vector<PredictionRecord>>& runs,
                                          std::string_view metric) {
  TUTTI_CHECK(HasInterval(metric), "an interval of what songs do not tell");
  std::int32_t classes = 0;
  for (const auto& songs : runs) {
    if (songs.empty()) return std::nullopt;
    for (const PredictionRecord& song : songs) {
      if (song.label < 0 || song.predicted < 0) return std::nullopt;
      classes = std::max({classes, song.label + 1, song.predicted + 1});
    }
  }
  if (runs.empty()) return std::nullopt;
  Scorer scorer(metric, classes);
  std::mt19937 random(kSeed);
  std::vector<double> means;
  for (int draw = 0; draw < kDraws; ++draw) {
    double sum = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      sum += scorer.DrawScore(runs[Below(random, runs.size())], random);
    }
    means.push_back(sum / static_cast<double>(runs.size()));
  }
  std::ranges::sort(means);
  const auto at = static_cast<std::size_t>(kOutside * kDraws);
  return Interval{means[at], means[means.size() - 1 - at]};
}

}  // namespace tutti
