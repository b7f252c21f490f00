#include "coordinator/sweep_file/grid_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/nearest_word.h"
#include "coordinator/core/command_arguments.h"
#include "coordinator/sweep_file/options.h"

namespace tutti {
namespace {

// What an axis or a point's key stands for: an option, or in a sweep of commands a free name.
struct Key {
  std::string path;
  const Option* option = nullptr;  // none of a free name

  // Nothing when the value fits.
  std::optional<std::string> Expected(const Json& value) const {
    if (option != nullptr) return Misfit(*option, value);
    return value.is_structured() || value.is_null() ? std::optional<std::string>("a single value")
                                                    : std::nullopt;
  }
};

// Nothing, and a finding that says which words there are.
std::optional<Key> FindKey(const std::string& where, const std::string& key, int line,
                           const SweepSpec& spec, Findings& findings) {
  if (const Option* option = FindOption(key)) return Key{option->path, option};
  if (spec.options.contains("runner") && IsFreeName(key)) return Key{"config." + key, nullptr};
  findings.Add(line, where + ": unknown option \"" + key + "\"" + DidYouMean(key, OptionWords()));
  return std::nullopt;
}

void ReadAxis(const std::string& key, const YamlTree& node, SweepSpec& spec, Findings& findings) {
  const auto found = FindKey("grid", key, node.line, spec, findings);
  if (!found) return;
  if (node.kind != YamlTree::Kind::kList) {
    findings.Add(node.line,
                 "grid: " + key + ": expected a list of values, got " + ToJson(node).dump());
    return;
  }
  if (node.items.empty()) {
    findings.Add(node.line, "grid: " + key + ": the list is empty; give at least one value");
    return;
  }
  Axis axis;
  axis.path = found->path;
  for (const YamlTree& item : node.items) {
    const Json value = ToJson(item);
    if (const auto expected = found->Expected(value)) {
      const bool has_words = value.is_string() && found->option != nullptr;
      const std::string hint =
          has_words ? DidYouMean(value.get<std::string>(), found->option->words) : "";
      findings.Add(item.line,
                   "grid: " + key + ": expected " + *expected + ", got " + value.dump() + hint);
    } else if (std::ranges::find(axis.values, value) != axis.values.end()) {
      findings.Add(item.line, "grid: " + key + ": " + value.dump() + " stands there twice");
    } else {
      axis.values.push_back(value);
    }
  }
  if (std::ranges::find(spec.axes, axis.path, &Axis::path) != spec.axes.end()) {
    findings.Add(node.line, "grid: " + axis.path + " stands there twice, once by its short name");
    return;
  }
  spec.axes.push_back(std::move(axis));
}

// One list of {option: value}, each option by its full path afterwards.
std::vector<Json> ReadPoints(const YamlTree& root, const char* key, const SweepSpec& spec,
                             Findings& findings) {
  std::vector<Json> points;
  const YamlTree* node = root.Find(key);
  if (node == nullptr) return points;
  if (node->kind != YamlTree::Kind::kList) {
    findings.Add(node->line, std::string(key) + ": expected a list such as [{model: rnn}]");
    return points;
  }
  for (const YamlTree& item : node->items) {
    if (item.kind != YamlTree::Kind::kMap || item.entries.empty()) {
      findings.Add(item.line,
                   std::string(key) + ": expected {option: value, …}, got " + ToJson(item).dump());
      continue;
    }
    Json point = Json::object();
    for (const auto& [name, value] : item.entries) {
      const auto found = FindKey(key, name, value.line, spec, findings);
      if (!found) continue;
      if (const auto expected = found->Expected(ToJson(value))) {
        findings.Add(value.line, std::string(key) + ": " + name + ": expected " + *expected +
                                     ", got " + ToJson(value).dump());
      }
      point[found->path] = ToJson(value);
    }
    points.push_back(std::move(point));
  }
  return points;
}

void CheckIncluded(const YamlTree& root, const SweepSpec& spec, Findings& findings) {
  const YamlTree* node = root.Find("include");
  for (std::size_t i = 0; i < spec.include.size(); ++i) {
    for (const Axis& axis : spec.axes) {
      if (!spec.include[i].contains(axis.path)) {
        findings.Add(node->line, "include: run " + std::to_string(i + 1) + " gives no value for " +
                                     axis.path + ", which the grid varies");
      }
    }
  }
}

void CheckComplete(const YamlTree& root, const SweepSpec& spec, Findings& findings) {
  for (const Option& option : ResultOptions()) {
    const bool has_axis = std::ranges::find(spec.axes, option.path, &Axis::path) != spec.axes.end();
    // A value that was refused has its finding already.
    if (has_axis || !option.fallback.is_null() || root.Find(option.path) != nullptr) continue;
    const YamlTree* grid = root.Find("grid");
    if (grid != nullptr && grid->Find(option.path) != nullptr) continue;
    findings.Add(
        grid != nullptr ? grid->line : root.line,
        "\"" + option.path + "\" is missing: give it under grid, or one value at top level");
  }
}

}  // namespace

void ReadGrid(const YamlTree& root, SweepSpec& spec, Findings& findings) {
  const YamlTree* grid = root.Find("grid");
  if (grid != nullptr && grid->kind != YamlTree::Kind::kMap) {
    findings.Add(grid->line, "grid: expected lists by option, such as model: [crnn1d, rnn]; got " +
                                 ToJson(*grid).dump());
  } else if (grid != nullptr) {
    for (const auto& [key, node] : grid->entries) ReadAxis(key, node, spec, findings);
  }
  for (const Axis& axis : spec.axes) {
    const YamlTree* config = root.Find("config");
    const bool in_config = axis.path.starts_with("config.") && config != nullptr &&
                           config->kind == YamlTree::Kind::kMap &&
                           config->Find(axis.path.substr(7)) != nullptr;
    if (in_config) {
      findings.Add(config->line, axis.path + ": stands under config and under grid; keep one");
    }
    if (root.Find(axis.path) != nullptr) {
      findings.Add(root.Find(axis.path)->line,
                   axis.path + ": stands at top level and under grid; keep one of them");
    }
    spec.options[PlaceOfOption(axis.path)] = nullptr;
  }
  spec.exclude = ReadPoints(root, "exclude", spec, findings);
  spec.include = ReadPoints(root, "include", spec, findings);
  CheckIncluded(root, spec, findings);
  if (!spec.options.contains("runner")) CheckComplete(root, spec, findings);
}

}  // namespace tutti
