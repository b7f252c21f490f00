#include "cli/typing_errors.h"

#include <cctype>

#include "common/nearest_word.h"

namespace tutti {
namespace {

// "--name" of "--name=value"; "-q" of "-qv".
std::string OptionName(const std::string& word) {
  if (word.starts_with("--")) return word.substr(0, word.find('='));
  return word.substr(0, 2);
}

bool LooksLikeAnOption(const std::string& word) {
  return word.size() > 1 && word[0] == '-' &&
         std::isdigit(static_cast<unsigned char>(word[1])) == 0;
}

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> CommandNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* below : command.get_subcommands({})) names.push_back(below->get_name());
  return names;
}

const CLI::App* Below(const CLI::App& command, const std::string& name) {
  for (const CLI::App* below : command.get_subcommands({})) {
    if (below->get_name() == name) return below;
  }
  return nullptr;
}

}  // namespace

std::string MistypedWord(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* command = &program;
  std::string path = program.get_name();
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const std::string& word = words[i];
    if (LooksLikeAnOption(word)) {
      const std::string name = OptionName(word);
      const CLI::Option* option = command->get_option_no_throw(name);
      if (option == nullptr) {
        return path + " has no option \"" + name + "\"" +
               DidYouMean(name, OptionNames(*command), path + " --help lists them");
      }
      const bool has_value_behind = option->get_items_expected_min() > 0 && word == name;
      if (has_value_behind) ++i;
      continue;
    }
    const std::vector<std::string> names = CommandNames(*command);
    if (names.empty()) continue;
    const CLI::App* below = Below(*command, word);
    if (below == nullptr) {
      return path + " has no command \"" + word + "\"" +
             DidYouMean(word, names, path + " --help lists them");
    }
    command = below;
    path += " " + word;
  }
  return "";
}

}  // namespace tutti
