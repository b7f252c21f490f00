// Golden files of the audio tests: cases listed in the metadata, samples as 16-bit integers.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/json.h"
#include "common/safetensors.h"
#include "tests/support/result_matchers.h"

namespace tutti {

inline std::shared_ptr<const SafetensorsFile> OpenGolden(const std::string& name) {
  auto file = SafetensorsFile::Open(std::string(TUTTI_SOURCE_DIR) + "/tests/golden/" + name);
  if (!file.ok()) ADD_FAILURE() << file.error().message;
  return file.ok() ? *file : nullptr;
}

inline std::vector<Json> GoldenCases(const SafetensorsFile& file) {
  const auto cases = ParseJson(file.metadata().at("cases"), "cases");
  if (!cases.ok()) ADD_FAILURE() << cases.error().message;
  return cases.ok() ? cases->get<std::vector<Json>>() : std::vector<Json>();
}

// PCM16 / 32768, as libsndfile and the script have it.
inline std::vector<float> GoldenSamples(const SafetensorsFile& file, const std::string& name) {
  const auto tensor = file.Tensor(name);
  if (!tensor.ok()) ADD_FAILURE() << tensor.error().message;
  if (!tensor.ok()) return {};
  std::vector<std::int16_t> pcm(tensor->bytes.size() / sizeof(std::int16_t));
  std::memcpy(pcm.data(), tensor->bytes.data(), tensor->bytes.size());
  std::vector<float> samples;
  for (const std::int16_t value : pcm) samples.push_back(static_cast<float>(value) / 32768.0F);
  return samples;
}

template <class T>
std::vector<T> GoldenValues(const SafetensorsFile& file, const std::string& name) {
  const auto tensor = file.Tensor(name);
  if (!tensor.ok()) ADD_FAILURE() << tensor.error().message;
  if (!tensor.ok()) return {};
  std::vector<T> values(tensor->bytes.size() / sizeof(T));
  std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  return values;
}

// Infinite where the sizes differ or a value is NaN.
inline double LargestDifference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(difference <= largest)) largest = std::isnan(difference) ? INFINITY : difference;
  }
  return largest;
}

}  // namespace tutti
