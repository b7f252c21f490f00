#include "coordinator/sweep_file/option_reader.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "common/nearest_word.h"
#include "coordinator/sweep_file/options.h"

namespace tutti {
namespace {

constexpr std::array kSections{"training", "features", "split"};
// Read elsewhere.
constexpr std::array kOtherKeys{"name",       "dataset",      "grid",      "exclude",
                                "include",    "keep_weights", "resources", "max_attempts",
                                "time_limit", "priority",     "runner",    "config"};

bool IsSection(const std::string& key) {
  return std::ranges::find(kSections, key) != kSections.end();
}

void SetDefaults(Json& options) {
  options = Json::object();
  for (const Option& option : ResultOptions())
    options[PlaceOfOption(option.path)] = option.fallback;
}

void ReadValue(const Option& option, const YamlTree& node, Json& options, Findings& findings) {
  const Json value = ToJson(node);
  if (const auto expected = Misfit(option, value)) {
    std::string hint;
    if (value.is_array() && option.type != OptionType::kClasses) {
      hint = "; several values belong under grid";
    } else if (value.is_string()) {
      hint = DidYouMean(value.get<std::string>(), option.words);
    }
    findings.Add(node.line,
                 option.path + ": expected " + *expected + ", got " + value.dump() + hint);
    return;
  }
  options[PlaceOfOption(option.path)] = value;
}

void ReadSection(const std::string& section, const YamlTree& node, Json& options,
                 Findings& findings) {
  std::vector<std::string> known;
  for (const Option& option : ResultOptions()) {
    if (option.path.starts_with(section + "."))
      known.push_back(option.path.substr(section.size() + 1));
  }
  if (node.kind != YamlTree::Kind::kMap) {
    findings.Add(node.line, section + ": expected keys such as " + known.front() + ", got " +
                                ToJson(node).dump());
    return;
  }
  for (const auto& [key, value] : node.entries) {
    if (std::ranges::find(known, key) == known.end()) {
      findings.Add(value.line, section + ": unknown key \"" + key + "\"" + DidYouMean(key, known));
      continue;
    }
    ReadValue(*FindOption(section + "." + key), value, options, findings);
  }
}

std::vector<std::string> TopLevelWords() {
  std::vector<std::string> words(kOtherKeys.begin(), kOtherKeys.end());
  words.insert(words.end(), kSections.begin(), kSections.end());
  for (const Option& option : ResultOptions()) {
    if (option.path.find('.') == std::string::npos) words.push_back(option.path);
  }
  return words;
}

}  // namespace

void ReadOptions(const YamlTree& root, Json& options, Findings& findings) {
  SetDefaults(options);
  const std::vector<std::string> words = TopLevelWords();
  for (const auto& [key, node] : root.entries) {
    if (IsSection(key)) {
      ReadSection(key, node, options, findings);
    } else if (std::ranges::find(words, key) == words.end()) {
      std::string hint = DidYouMean(key, words);
      if (const Option* option = FindOption(key); option != nullptr) {
        hint = ", it belongs under " + option->path.substr(0, option->path.find('.'));
      }
      findings.Add(node.line, "unknown key \"" + key + "\"" + hint);
    } else if (const Option* option = FindOption(key); option != nullptr && option->path == key) {
      ReadValue(*option, node, options, findings);
    }
  }
}

}  // namespace tutti
