// Every option of a sweep file in one table: its place, type, range and default. What this release
// can run stands here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"

namespace tutti {

enum class OptionType { kText, kWhole, kNumber, kTruth, kClasses };

struct Option {
  std::string path;  // "training.epochs"
  OptionType type = OptionType::kText;
  Json fallback;   // null: it must be given
  double low = 0;  // of numbers, both ends included
  double high = 0;
  std::vector<std::string> words;  // of texts; empty: any
};

// Options that can change a result.
const std::vector<Option>& ResultOptions();
// "training.learning_rate" → the place of that option in a configuration.
Json::json_pointer PlaceOfOption(std::string path);

// The option that a key names: its dotted path, or its last part where only one option has it.
const Option* FindOption(std::string_view key);

// All words that FindOption takes.
std::vector<std::string> OptionWords();

// Nothing when the value fits; else what was expected, for example "a whole number from 1 to
// 100000".
std::optional<std::string> Misfit(const Option& option, const Json& value);

}  // namespace tutti
