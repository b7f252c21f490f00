#include "coordinator/core/command_arguments.h"

#include <algorithm>

#include "common/nearest_word.h"

namespace tutti {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

const Json* ValueOf(std::string_view name, const Json& config) {
  const auto free = config.find("config");
  if (free != config.end() && free->contains(name)) return &(*free)[std::string(name)];
  const Json* at = &config;
  while (true) {
    const std::size_t dot = name.find('.');
    const auto found = at->is_object() ? at->find(name.substr(0, dot)) : at->end();
    if (found == at->end()) return nullptr;
    at = &*found;
    if (dot == std::string_view::npos) return at;
    name.remove_prefix(dot + 1);
  }
}

std::vector<std::string> FreeNames(const Json& config) {
  std::vector<std::string> names;
  const Json free = config.value("config", Json::object());
  for (const auto& [name, value] : free.items()) names.push_back(name);
  return names;
}

}  // namespace

bool IsFreeName(std::string_view name) {
  return !name.empty() && IsLetter(name[0]) && std::ranges::all_of(name, [](char c) {
    return IsLetter(c) || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<std::string> FillArgument(std::string_view argument, const Json& config) {
  std::string filled;
  for (std::size_t i = 0; i < argument.size(); ++i) {
    const std::string_view rest = argument.substr(i);
    if (rest.starts_with("$$")) {
      filled += '$';
      ++i;
    } else if (rest.starts_with("${")) {
      const std::size_t end = rest.find('}');
      if (end == std::string_view::npos) {
        return InvalidArgument("\"" + std::string(argument) + "\" has a ${ without its }");
      }
      const std::string_view name = rest.substr(2, end - 2);
      const Json* value = ValueOf(name, config);
      if (value == nullptr || value->is_structured()) {
        return InvalidArgument("${" + std::string(name) + "} is the name of no single value" +
                               DidYouMean(name, FreeNames(config)));
      }
      filled += value->is_string() ? value->get<std::string>() : value->dump();
      i += end;
    } else {
      filled += argument[i];
    }
  }
  return filled;
}

Result<std::vector<std::string>> FillArguments(const Json& config) {
  std::vector<std::string> arguments;
  for (const Json& argument : config.at("runner").at("command")) {
    TUTTI_ASSIGN_OR_RETURN(std::string filled, FillArgument(argument.get<std::string>(), config));
    arguments.push_back(std::move(filled));
  }
  return arguments;
}

Json ConfigForProgram(const Json& config) {
  Json told = config;
  told.erase("runner");
  told.erase("config");
  const Json free = config.value("config", Json::object());
  for (const auto& [name, value] : free.items()) told[name] = value;
  return told;
}

}  // namespace tutti
