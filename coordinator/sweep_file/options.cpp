#include "coordinator/sweep_file/options.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace tutti {
namespace {

Option Text(std::string path, Json fallback, std::vector<std::string> words) {
  return {std::move(path), OptionType::kText, std::move(fallback), 0, 0, std::move(words)};
}
Option Whole(std::string path, Json fallback, double low, double high) {
  return {std::move(path), OptionType::kWhole, std::move(fallback), low, high, {}};
}
Option Number(std::string path, Json fallback, double low, double high) {
  return {std::move(path), OptionType::kNumber, std::move(fallback), low, high, {}};
}

std::vector<Option> MakeOptions() {
  return {
      Text("model", nullptr, {"cnn", "crnn2d", "crnn1d", "rnn"}),
      Number("slice_seconds", nullptr, 0.01, 600),
      Whole("seed", nullptr, 0, 4'294'967'295.0),
      Whole("training.epochs", 300, 1, 1'000'000),
      Whole("training.patience", 10, 1, 1'000'000),
      Whole("training.batch_size", 16, 2, 65'536),
      Number("training.overlap", 0.5, 0, 0.99),
      Number("training.learning_rate", 0.001, 1e-12, 100),
      Number("features.clip_seconds", 30, 0.1, 600),
      Whole("features.sample_rate_hz", 22'050, 1'000, 192'000),
      Whole("features.n_fft", 2'048, 16, 65'536),
      Whole("features.hop", 512, 1, 65'536),
      Whole("features.n_mels", 128, 1, 32'768),
      Text("split.kind", "stratified", {"stratified", "grouped", "file", "kfold"}),
      Number("split.test", 0.1, 0.0001, 0.9999),
      Number("split.validation", 0.1, 0.0001, 0.9999),
      Whole("split.folds", 5, 2, 1'000),
      Whole("split.fold", 0, 0, 999),
      Text("split.duplicates", "keep", {"keep", "refuse"}),
      {"classes", OptionType::kClasses, "all", 0, 0, {}},
      Text("protocol", "correct", {"correct", "published"}),
      Text("precision", "float32", {"float32", "tf32", "bf16"}),
      Whole("threads", 1, 1, 1'024),
      {"deterministic", OptionType::kTruth, false, 0, 0, {}},
  };
}

std::string Plain(double number) {
  return std::trunc(number) == number ? Json(static_cast<std::int64_t>(number)).dump()
                                      : Json(number).dump();
}

std::string Listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return (words.size() == 1 ? "" : "one of ") + text;
}

bool InRange(const Option& option, const Json& value) {
  const auto number = value.get<double>();
  return number >= option.low && number <= option.high;
}

bool IsWhole(const Json& value) {
  return value.is_number() && std::trunc(value.get<double>()) == value.get<double>();
}

// "all", or names, each once.
bool IsClasses(const Json& value) {
  if (value.is_string()) return value == "all";
  if (!value.is_array() || value.empty()) return false;
  std::set<std::string> names;
  return std::ranges::all_of(value, [&](const Json& name) {
    return name.is_string() && names.insert(name.get<std::string>()).second;
  });
}

std::string_view LastPart(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

}  // namespace

const std::vector<Option>& ResultOptions() {
  static const std::vector<Option> options = MakeOptions();
  return options;
}

Json::json_pointer PlaceOfOption(std::string path) {
  std::ranges::replace(path, '.', '/');
  return Json::json_pointer("/" + path);
}

const Option* FindOption(std::string_view key) {
  const Option* found = nullptr;
  for (const Option& option : ResultOptions()) {
    if (option.path == key) return &option;
    if (LastPart(option.path) != key) continue;
    if (found != nullptr) return nullptr;
    found = &option;
  }
  return found;
}

std::vector<std::string> OptionWords() {
  std::vector<std::string> words;
  for (const Option& option : ResultOptions()) {
    words.push_back(option.path);
    const std::string last(LastPart(option.path));
    if (last != option.path && FindOption(last) != nullptr) words.push_back(last);
  }
  return words;
}

std::optional<std::string> Misfit(const Option& option, const Json& value) {
  const std::string range = " from " + Plain(option.low) + " to " + Plain(option.high);
  switch (option.type) {
    case OptionType::kText: {
      const bool fits =
          value.is_string() &&
          (option.words.empty() ||
           std::ranges::find(option.words, value.get<std::string>()) != option.words.end());
      if (fits) return std::nullopt;
      return option.words.empty() ? "a word" : Listed(option.words);
    }
    case OptionType::kWhole:
      if (IsWhole(value) && InRange(option, value)) return std::nullopt;
      return "a whole number" + range;
    case OptionType::kNumber:
      if (value.is_number() && InRange(option, value)) return std::nullopt;
      return "a number" + range;
    case OptionType::kTruth:
      if (value.is_boolean()) return std::nullopt;
      return "true or false";
    case OptionType::kClasses:
      if (IsClasses(value)) return std::nullopt;
      return "all, or a list of class names, each once";
  }
  return "another value";
}

}  // namespace tutti
