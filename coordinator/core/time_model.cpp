#include "coordinator/core/time_model.h"

#include <algorithm>
#include <cmath>

namespace tutti {
namespace {

// A new run counts at least so much against all before it: times change with what else runs there.
constexpr double kLeastWeight = 0.1;

}  // namespace

std::string WorkName(const Json& config) {
  return DumpJson(
      Json::array({config.value("model", Json()), config.value("slice_seconds", Json())}));
}

double SecondsOfTraining(const std::map<std::string, double>& timings_seconds) {
  double seconds = 0;
  for (const char* name : {"train", "test"}) {
    const auto timing = timings_seconds.find(name);
    if (timing != timings_seconds.end()) seconds += timing->second;
  }
  return seconds;
}

std::string ClassOfWorker(std::string_view device, std::int32_t cores) {
  return device.starts_with("cuda") ? "gpu" : std::to_string(cores) + " cores";
}

TimeModel::Work TimeModel::WorkOf(const std::string& name) {
  const auto found = works_.find(name);
  if (found != works_.end()) return found->second;
  if (works_.size() == kMostWorks) return 0;
  const auto work = static_cast<Work>(factors_.size());
  works_.emplace(name, work);
  factors_.push_back(1);
  return work;
}

bool TimeModel::Learn(Work work, const std::string& worker_class, double cost, double seconds) {
  if (work == 0 || !(cost > 0) || !(seconds > 0)) return false;
  Pace& pace = classes_[worker_class][work];
  ++pace.runs;
  const double weight = std::max(1 / static_cast<double>(pace.runs), kLeastWeight);
  pace.log_seconds += weight * (std::log(seconds / cost) - pace.log_seconds);
  const std::vector<double> now = Compare();
  const bool is_new = !std::ranges::equal(
      now, factors_, [](double is, double was) { return std::abs(is / was - 1) <= kNewOrder; });
  if (is_new) factors_ = now;
  return is_new;
}

std::vector<double> TimeModel::Compare() const {
  std::vector<double> sums(factors_.size(), 0);
  std::vector<double> weights(factors_.size(), 0);
  for (const auto& [name, paces] : classes_) {
    double mean = 0;
    for (const auto& [work, pace] : paces) mean += pace.log_seconds;
    mean /= static_cast<double>(paces.size());
    for (const auto& [work, pace] : paces) {
      const auto weight = static_cast<double>(pace.runs);
      sums[work] += weight * (pace.log_seconds - mean);
      weights[work] += weight;
    }
  }
  for (std::size_t work = 0; work < sums.size(); ++work) {
    sums[work] = weights[work] > 0 ? std::exp(sums[work] / weights[work]) : 1;
  }
  return sums;
}

}  // namespace tutti
