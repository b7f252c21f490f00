#include "tests/sim/sim_runner.h"

#include <sstream>

#include "common/hash.h"

namespace tutti {
namespace {

// Two different arguments give, but for chance, different numbers (splitmix64).
std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a * 0x9e3779b97f4a7c15U + b + 0x632be59bd9b4e019U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

std::uint64_t NumberOf(std::string_view text) {
  std::uint64_t number = 0;
  for (const char c : text) number = Mix(number, static_cast<unsigned char>(c));
  return number;
}

}  // namespace

std::string IdentityOf(const v1::Lease& lease) {
  v1::Lease identity = lease;
  identity.clear_attempt();
  identity.clear_resume();
  identity.clear_time_limit_ms();
  // A shard is everybody's: the sweep that asked first may be gone.
  if (lease.kind() == v1::JOB_KIND_PREPROCESS) identity.clear_sweep();
  return Sha256Hex(identity.SerializeAsString());
}

SimTraining BeginTraining(std::string_view identity) {
  const std::uint64_t seed = NumberOf(identity);
  return {0, Mix(seed, 1), Mix(seed, 2), Mix(seed, 3)};
}

SimTraining AfterNextEpoch(const SimTraining& from) {
  SimTraining next;
  next.epoch = from.epoch + 1;
  next.generator = Mix(from.generator, static_cast<std::uint64_t>(next.epoch));
  next.optimiser = Mix(Mix(from.optimiser, from.weights), next.generator);
  next.weights = Mix(from.weights, next.optimiser);
  return next;
}

std::string ToResumeFile(const SimTraining& training, std::string_view identity) {
  std::ostringstream text;
  text << identity << ' ' << training.epoch << ' ' << training.weights << ' ' << training.optimiser
       << ' ' << training.generator;
  return text.str();
}

std::optional<SimTraining> FromResumeFile(std::string_view text, std::string_view identity) {
  std::istringstream in{std::string(text)};
  std::string of;
  SimTraining training;
  in >> of >> training.epoch >> training.weights >> training.optimiser >> training.generator;
  if (in.fail() || of != identity) return std::nullopt;
  return training;
}

SimResult ResultOf(const SimTraining& training) {
  constexpr std::uint64_t kPrecision = 1'000'000'007;
  return {static_cast<double>(training.weights % kPrecision) / static_cast<double>(kPrecision),
          "weights " + std::to_string(training.weights)};
}

SimResult UndisturbedResult(std::string_view identity) {
  SimTraining training = BeginTraining(identity);
  while (training.epoch < kSimEpochs) training = AfterNextEpoch(training);
  return ResultOf(training);
}

std::string ShardBytes(std::string_view identity) {
  return "features " + std::string(identity);
}

}  // namespace tutti
