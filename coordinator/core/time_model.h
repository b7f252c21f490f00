// How long runs take here, learned from those that have ended: seconds per unit of expected cost,
// by work (model and slice) and class of worker. What it is for is the order of runs that wait, so
// only how works differ counts, not how fast a machine is.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json.h"

namespace tutti {

// What runs of one model and slice have in common: ["rnn",3].
std::string WorkName(const Json& config);
// Of a result's timings: training and test; 0 where the runner tells neither.
double SecondsOfTraining(const std::map<std::string, double>& timings_seconds);
// Machines that are alike: its GPUs, or a processor of so many cores.
std::string ClassOfWorker(std::string_view device, std::int32_t cores);

class TimeModel {
 public:
  using Work = std::uint16_t;  // 0: of nothing that is learned
  // The most works that are told apart; what comes then counts as unknown.
  static constexpr std::size_t kMostWorks = 10'000;

  TimeModel() : factors_{1} {}

  Work WorkOf(const std::string& name);
  // Of a run that ended: its expected cost, and what it took. True: the order of waiting runs is
  // another one now, since a work was found to take more than kNewOrder more or less than it was
  // taken for.
  bool Learn(Work work, const std::string& worker_class, double cost, double seconds);
  // In units of cost, as far as is known.
  float Expected(Work work, float cost) const { return static_cast<float>(cost * factors_[work]); }

  static constexpr double kNewOrder = 0.2;

 private:
  // Of one work on one class of workers; logarithms, since times differ by factors.
  struct Pace {
    double log_seconds = 0;  // per unit of cost, the newest counting most
    std::int64_t runs = 0;
  };

  // What is known of each work: the mean over the classes of how it compares there with the others.
  std::vector<double> Compare() const;

  std::map<std::string, Work> works_;
  std::map<std::string, std::map<Work, Pace>> classes_;
  std::vector<double> factors_;  // by work: as the order has it
};

}  // namespace tutti
