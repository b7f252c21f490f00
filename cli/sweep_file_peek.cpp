#include "cli/sweep_file_peek.h"

#include <yaml-cpp/yaml.h>

namespace tutti {
namespace {

std::string TextAt(const YAML::Node& root, const char* key) {
  const YAML::Node node = root[key];
  return node && node.IsScalar() ? node.Scalar() : "";
}

}  // namespace

Result<SweepFileNames> PeekSweepFile(std::string_view text, const std::string& file) {
  SweepFileNames names;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (!root.IsMap()) return InvalidArgument(file + ":1: expected keys such as name and grid");
    names.name = TextAt(root, "name");
    names.dataset = TextAt(root, "dataset");
    if (root["runner"] && root["runner"].IsMap())
      names.runner_files = TextAt(root["runner"], "files");
  } catch (const YAML::Exception& e) {
    return InvalidArgument(file + ":" + std::to_string(e.mark.line + 1) +
                           ": not valid YAML: " + e.msg);
  }
  if (names.name.empty()) {
    return InvalidArgument(file + ":1: \"name\" is missing: every sweep has a name");
  }
  if (names.name.find('/') != std::string::npos || names.name.starts_with('.')) {
    return InvalidArgument(file + ": name: expected letters, digits, '-', '_' or '.', got \"" +
                           names.name + "\"");
  }
  return names;
}

}  // namespace tutti
