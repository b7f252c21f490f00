#include "coordinator/sweep_file/grid_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/nearest_word.h"
#include "coordinator/sweep_file/options.h"

namespace tutti {
namespace {

Json::json_pointer PlaceOf(std::string path) {
  std::ranges::replace(path, '.', '/');
  return Json::json_pointer("/" + path);
}

// The option, or a finding that says which words there are.
const Option* FindAxisOption(const std::string& where, const std::string& key, int line,
                             Findings& findings) {
  const Option* option = FindOption(key);
  if (option == nullptr) {
    findings.Add(line, where + ": unknown option \"" + key + "\"" + DidYouMean(key, OptionWords()));
  }
  return option;
}

void ReadAxis(const std::string& key, const YamlTree& node, SweepSpec& spec, Findings& findings) {
  const Option* option = FindAxisOption("grid", key, node.line, findings);
  if (option == nullptr) return;
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
  axis.path = option->path;
  for (const YamlTree& item : node.items) {
    const Json value = ToJson(item);
    if (const auto expected = Misfit(*option, value)) {
      const std::string hint =
          value.is_string() ? DidYouMean(value.get<std::string>(), option->words) : "";
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
std::vector<Json> ReadPoints(const YamlTree& root, const char* key, Findings& findings) {
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
      const Option* option = FindAxisOption(key, name, value.line, findings);
      if (option == nullptr) continue;
      if (const auto expected = Misfit(*option, ToJson(value))) {
        findings.Add(value.line, std::string(key) + ": " + name + ": expected " + *expected +
                                     ", got " + ToJson(value).dump());
      }
      point[option->path] = ToJson(value);
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
    if (root.Find(axis.path) != nullptr) {
      findings.Add(root.Find(axis.path)->line,
                   axis.path + ": stands at top level and under grid; keep one of them");
    }
    spec.options[PlaceOf(axis.path)] = nullptr;
  }
  spec.exclude = ReadPoints(root, "exclude", findings);
  spec.include = ReadPoints(root, "include", findings);
  CheckIncluded(root, spec, findings);
  CheckComplete(root, spec, findings);
}

}  // namespace tutti
