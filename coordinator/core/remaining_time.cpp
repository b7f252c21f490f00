#include "coordinator/core/remaining_time.h"

#include <algorithm>
#include <map>
#include <vector>

namespace tutti {
namespace {

constexpr double kLowShare = 0.2;  // of what was seen, below the range
constexpr double kHighShare = 0.8;
constexpr std::size_t kFewSamples = 5;
constexpr double kWiderByFew = 0.25;  // each way, where there are few

// Seconds a unit of cost.
struct Rate {
  double low = 0;
  double high = 0;
};

Rate RateOf(std::vector<double> samples) {
  std::ranges::sort(samples);
  const auto at = [&](double share) {
    return samples[static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1) + 0.5)];
  };
  Rate rate{at(kLowShare), at(kHighShare)};
  if (samples.size() >= kFewSamples) return rate;
  return {rate.low * (1 - kWiderByFew), rate.high * (1 + kWiderByFew)};
}

}  // namespace

std::optional<TimeRange> EstimateRemaining(std::span<const RunPace> runs, int at_once) {
  std::map<std::string, std::vector<double>> samples;
  std::vector<double> all;
  for (const RunPace& run : runs) {
    if (run.done <= 0 || run.cost <= 0) continue;
    const double rate = run.seconds / (run.cost * run.done);
    samples[run.kind].push_back(rate);
    all.push_back(rate);
  }
  if (all.empty()) return std::nullopt;
  const Rate overall = RateOf(all);
  std::map<std::string, Rate> rates;
  for (auto& [kind, seen] : samples) rates[kind] = RateOf(seen);
  TimeRange sum;
  TimeRange longest;
  for (const RunPace& run : runs) {
    const auto own = rates.find(run.kind);
    const Rate& rate = own == rates.end() ? overall : own->second;
    const double left = run.cost * (1 - run.done);
    sum.low_seconds += left * rate.low;
    sum.high_seconds += left * rate.high;
    longest.low_seconds = std::max(longest.low_seconds, left * rate.low);
    longest.high_seconds = std::max(longest.high_seconds, left * rate.high);
  }
  return TimeRange{std::max(sum.low_seconds / at_once, longest.low_seconds),
                   std::max(sum.high_seconds / at_once, longest.high_seconds)};
}

}  // namespace tutti
