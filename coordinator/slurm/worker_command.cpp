#include "coordinator/slurm/worker_command.h"

#include <filesystem>
#include <sstream>
#include <string_view>
#include <vector>

namespace tutti {
namespace {

constexpr std::string_view kDataRoot = "--data-root";
constexpr std::string_view kConfig = "--config";

std::string WithoutQuotes(std::string word) {
  std::erase_if(word, [](char c) { return c == '"' || c == '\''; });
  return word;
}

}  // namespace

WorkerAbilities AbilitiesOf(const std::string& command) {
  std::istringstream stream(command);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(WithoutQuotes(word));
  WorkerAbilities abilities;
  if (words.empty() || std::filesystem::path(words[0]).filename() != "tutti-worker") {
    return abilities;
  }
  abilities.is_known = true;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--allow-command") abilities.runs_commands = true;
    if (word.starts_with(kConfig)) abilities.is_known = false;
    if (!word.starts_with(kDataRoot)) continue;
    std::string value;  // ROOT=DIR
    if (word.size() > kDataRoot.size()) {
      value = word.substr(kDataRoot.size() + 1);
    } else if (i + 1 < words.size()) {
      value = words[i + 1];
    }
    abilities.data_roots.insert(value.substr(0, value.find('=')));
  }
  return abilities;
}

}  // namespace tutti
