#include "coordinator/sweep_file/operational_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/duration.h"
#include "common/nearest_word.h"

namespace tutti {
namespace {

const std::vector<std::string> kKeepWeights{"best", "last", "both", "none"};

void ReadWhole(const YamlTree& root, const char* key, std::int64_t low, std::int64_t high,
               std::int64_t& value, Findings& findings) {
  const YamlTree* node = root.Find(key);
  if (node == nullptr) return;
  if (!node->scalar.is_number_integer() || node->scalar < low || node->scalar > high) {
    findings.Add(node->line, std::string(key) + ": expected a whole number from " +
                                 std::to_string(low) + " to " + std::to_string(high) + ", got " +
                                 ToJson(*node).dump());
    return;
  }
  value = node->scalar.get<std::int64_t>();
}

void ReadKeepWeights(const YamlTree& root, OperationalOptions& options, Findings& findings) {
  const YamlTree* node = root.Find("keep_weights");
  if (node == nullptr) return;
  const std::string word = node->scalar.is_string() ? node->scalar.get<std::string>() : "";
  if (std::ranges::find(kKeepWeights, word) == kKeepWeights.end()) {
    findings.Add(node->line, "keep_weights: expected one of best, last, both, none; got " +
                                 ToJson(*node).dump() + DidYouMean(word, kKeepWeights));
    return;
  }
  options.keep_weights = word;
}

void ReadTimeLimit(const YamlTree& root, OperationalOptions& options, Findings& findings) {
  const YamlTree* node = root.Find("time_limit");
  if (node == nullptr) return;
  const std::string text =
      node->scalar.is_string() ? node->scalar.get<std::string>() : ToJson(*node).dump();
  const auto limit = ParseDuration(text);
  if (!limit.ok()) {
    findings.Add(node->line, "time_limit: " + limit.error().message);
    return;
  }
  options.time_limit_ms = limit->count();
}

void ReadResources(const YamlTree& root, OperationalOptions& options, Findings& findings) {
  const YamlTree* node = root.Find("resources");
  if (node == nullptr) return;
  if (node->kind != YamlTree::Kind::kMap) {
    findings.Add(node->line, "resources: expected {gpus: auto}, got " + ToJson(*node).dump());
    return;
  }
  for (const auto& [key, value] : node->entries) {
    if (key != "gpus") {
      findings.Add(value.line,
                   "resources: unknown key \"" + key + "\"" + DidYouMean(key, {"gpus"}));
    } else if (value.scalar != "auto") {
      findings.Add(value.line, "resources: gpus: expected auto, got " + ToJson(value).dump());
    } else {
      options.gpus = "auto";
    }
  }
}

}  // namespace

void ReadOperational(const YamlTree& root, OperationalOptions& options, Findings& findings) {
  constexpr std::int64_t kPriorityLimit = 1'000'000;
  ReadKeepWeights(root, options, findings);
  ReadResources(root, options, findings);
  ReadTimeLimit(root, options, findings);
  ReadWhole(root, "max_attempts", 1, 100, options.max_attempts, findings);
  ReadWhole(root, "priority", -kPriorityLimit, kPriorityLimit, options.priority, findings);
}

}  // namespace tutti
