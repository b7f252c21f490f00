#include "common/option_sources.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "common/environment.h"
#include "common/nearest_word.h"

namespace tutti {
namespace {

constexpr char kConfig[] = "--config";

bool HasSources(const std::string& name) {
  return name != "help" && name != "version" && name != "config" && !name.empty();
}

std::string EnvironmentName(const std::string& prefix, const std::string& option) {
  std::string name = prefix;
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string NameOf(const CLI::Option& option) {
  return option.get_lnames().empty() ? "" : option.get_lnames().front();
}

[[noreturn]] void Fail(const std::string& why) {
  throw CLI::ValidationError(kConfig, why);
}

// Of the line that sets `name`; 1 where it cannot be found.
int LineOf(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  int number = 1;
  for (std::string line; std::getline(lines, line); ++number) {
    line.erase(0, line.find_first_not_of(" \t\""));
    if (line.starts_with(name) && line.find_first_of(" \t=\"", name.size()) == name.size()) {
      return number;
    }
  }
  return 1;
}

bool IsOnCommandLine(const std::vector<std::string>& typed, const std::string& name) {
  const std::string flag = "--" + name;
  return std::ranges::any_of(
      typed, [&](const std::string& word) { return word == flag || word.starts_with(flag + "="); });
}

// The value of --config, from the command line or the environment; empty: none.
std::string ConfigFile(const CLI::App& app, const std::vector<std::string>& typed) {
  for (std::size_t i = 0; i < typed.size(); ++i) {
    if (typed[i] == kConfig && i + 1 < typed.size()) return typed[i + 1];
    if (typed[i].starts_with(std::string(kConfig) + "=")) {
      return typed[i].substr(std::string_view(kConfig).size() + 1);
    }
  }
  const CLI::Option* option = app.get_option_no_throw(kConfig);
  return option == nullptr ? "" : EnvironmentVariable(option->get_envname()).value_or("");
}

std::string ReadText(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) Fail(file + ": expected a file that can be read");
  return text.str();
}

std::vector<CLI::ConfigItem> ReadItems(const std::string& file, const std::string& text) {
  std::istringstream in(text);
  try {
    return CLI::ConfigTOML().from_config(in);
  } catch (const CLI::Error& e) {
    Fail(file + ": expected lines like  min-free = \"1GiB\"; " + e.what());
  }
}

// What the file says of options that nothing before it does, as words of a command line.
std::vector<std::string> WordsOf(const CLI::App& app, const std::string& file,
                                 const std::vector<std::string>& typed) {
  const std::string text = ReadText(file);
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    if (HasSources(NameOf(*option))) known.push_back(NameOf(*option));
  }
  std::vector<std::string> words;
  for (const CLI::ConfigItem& item : ReadItems(file, text)) {
    if (!item.parents.empty()) {
      Fail(file + ":" + std::to_string(LineOf(text, "[" + item.parents.front() + "]")) +
           ": expected options only, no sections; got [" + item.parents.front() + "]");
    }
    if (std::ranges::find(known, item.name) == known.end()) {
      Fail(file + ":" + std::to_string(LineOf(text, item.name)) + ": no option is called \"" +
           item.name + "\"" + DidYouMean(item.name, known));
    }
    const CLI::Option* option = app.get_option("--" + item.name);
    if (IsOnCommandLine(typed, item.name) || EnvironmentVariable(option->get_envname())) continue;
    for (const std::string& input : item.inputs) words.push_back("--" + item.name + "=" + input);
  }
  return words;
}

}  // namespace

void AddOptionSources(CLI::App& app, const std::string& prefix) {
  for (CLI::Option* option : app.get_options()) {
    const std::string name = NameOf(*option);
    if (HasSources(name)) option->envname(EnvironmentName(prefix, name));
  }
  app.add_option_function<std::string>(
         kConfig, [](const std::string&) {},
         "file of options, a line each: name = value; the environment and the command line go "
         "before it")
      ->envname(EnvironmentName(prefix, "config"));
}

void ParseFromAllSources(CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> typed(argv + 1, argv + argc);
  std::vector<std::string> words;
  if (const std::string file = ConfigFile(app, typed); !file.empty()) {
    words = WordsOf(app, file, typed);
  }
  words.insert(words.end(), typed.begin(), typed.end());
  std::ranges::reverse(words);  // as CLI11 takes them
  app.parse(std::move(words));
}

}  // namespace tutti
