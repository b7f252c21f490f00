#include "coordinator/sweep_file/command_reader.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/nearest_word.h"
#include "coordinator/core/command_arguments.h"
#include "coordinator/sweep_file/options.h"

namespace tutti {
namespace {

const std::vector<std::string> kRunnerKeys{"command", "files", "environment"};

bool IsNamed(const YamlTree& root, const std::string& path) {
  const std::size_t dot = path.find('.');
  const YamlTree* node = root.Find(path.substr(0, dot));
  if (node == nullptr || dot == std::string::npos) return node != nullptr;
  return node->kind == YamlTree::Kind::kMap && node->Find(path.substr(dot + 1)) != nullptr;
}

// What a program without a dataset has no use for is not part of its runs.
void KeepWhatIsSaid(const YamlTree& root, Json& options) {
  const bool has_dataset = root.Find("dataset") != nullptr;
  const Json all = options;
  options = Json::object();
  for (const Option& option : ResultOptions()) {
    const Json::json_pointer place = PlaceOfOption(option.path);
    const bool of_dataset = option.path.starts_with("features.") ||
                            option.path.starts_with("split.") || option.path == "classes";
    if (IsNamed(root, option.path) || (has_dataset && of_dataset) || option.path == "threads") {
      options[place] = all.at(place);
    }
  }
  if (has_dataset && !options.contains("seed")) options["seed"] = 0;
}

void ReadArguments(const YamlTree& runner, Json& to, Findings& findings) {
  const YamlTree* command = runner.Find("command");
  if (command == nullptr || command->kind != YamlTree::Kind::kList || command->items.empty()) {
    findings.Add(command != nullptr ? command->line : runner.line,
                 "runner: command: expected a list such as [python3, train.py, --lr, \"${lr}\"]");
    return;
  }
  for (const YamlTree& item : command->items) {
    const Json value = ToJson(item);
    if (value.is_structured() || value.is_null()) {
      findings.Add(item.line, "runner: command: expected a word, got " + value.dump());
    } else {
      to["command"].push_back(value.is_string() ? value : Json(value.dump()));
    }
  }
}

void ReadEnvironment(const YamlTree& runner, Json& to, Findings& findings) {
  const YamlTree* environment = runner.Find("environment");
  to["environment"] = Json::object();
  if (environment == nullptr) return;
  if (environment->kind != YamlTree::Kind::kMap) {
    findings.Add(environment->line, "runner: environment: expected {NAME: value}");
    return;
  }
  for (const auto& [name, node] : environment->entries) {
    const Json value = ToJson(node);
    if (value.is_structured() || value.is_null() || name.find('=') != std::string::npos) {
      findings.Add(node.line,
                   "runner: environment: expected NAME: text, got " + name + ": " + value.dump());
    } else {
      to["environment"][name] = value.is_string() ? value : Json(value.dump());
    }
  }
}

void ReadConfig(const YamlTree& root, Json& options, Findings& findings) {
  options["config"] = Json::object();
  const YamlTree* config = root.Find("config");
  if (config == nullptr) return;
  if (config->kind != YamlTree::Kind::kMap) {
    findings.Add(config->line, "config: expected {name: value}, got " + ToJson(*config).dump());
    return;
  }
  for (const auto& [name, node] : config->entries) {
    if (!IsFreeName(name)) {
      findings.Add(node.line, "config: \"" + name + "\": expected letters, digits, '_' and '-'");
    } else {
      options["config"][name] = ToJson(node);
    }
  }
}

}  // namespace

bool IsCommandSweep(const YamlTree& root) {
  return root.Find("runner") != nullptr;
}

void ReadCommand(const YamlTree& root, const Json& files, SweepSpec& spec, Findings& findings) {
  KeepWhatIsSaid(root, spec.options);
  const YamlTree& runner = *root.Find("runner");
  if (runner.kind != YamlTree::Kind::kMap) {
    findings.Add(runner.line, "runner: expected {command: [...]}, got " + ToJson(runner).dump());
    return;
  }
  for (const auto& [key, node] : runner.entries) {
    if (std::ranges::find(kRunnerKeys, key) != kRunnerKeys.end()) continue;
    findings.Add(node.line, "runner: unknown key \"" + key + "\"" + DidYouMean(key, kRunnerKeys));
  }
  Json read{{"command", Json::array()}, {"files", Json::array()}};
  ReadArguments(runner, read, findings);
  ReadEnvironment(runner, read, findings);
  if (const YamlTree* folder = runner.Find("files"); folder != nullptr) {
    if (!folder->scalar.is_string()) {
      findings.Add(folder->line, "runner: files: expected a folder, got " + ToJson(*folder).dump());
    } else if (files.is_null()) {
      findings.Add(folder->line,
                   "runner: files: no files came with this sweep file; submit it "
                   "with tutti submit or tutti local, which send them");
    } else {
      read["files"] = files;
    }
  }
  spec.options["runner"] = std::move(read);
  ReadConfig(root, spec.options, findings);
}

void CheckPlaceholders(const YamlTree& root, const SweepSpec& spec, Findings& findings) {
  const YamlTree* runner = root.Find("runner");
  if (runner->kind != YamlTree::Kind::kMap || !spec.options.contains("runner")) return;
  const YamlTree* command = runner->Find("command");
  // With the axes' first values: whether a name is there does not hang on which.
  Json config = spec.options;
  for (const Axis& axis : spec.axes) config[PlaceOfOption(axis.path)] = axis.values.front();
  for (const Json& argument : spec.options["runner"]["command"]) {
    const auto filled = FillArgument(argument.get<std::string>(), config);
    if (!filled.ok()) findings.Add(command->line, "runner: command: " + filled.error().message);
  }
}

}  // namespace tutti
