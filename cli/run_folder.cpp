#include "cli/run_folder.h"

#include <algorithm>
#include <cctype>

#include "cli/table_layout.h"
#include "common/json_path.h"

namespace tutti {
namespace {

constexpr std::size_t kMaxNameBytes = 120;  // a file system takes 255

std::string SafeName(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    return plain || std::string_view("._=+-").find(c) != std::string_view::npos ? c : '_';
  });
  if (name.empty() || name.front() == '.') name.insert(name.begin(), '_');
  return name.substr(0, kMaxNameBytes);
}

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

}  // namespace

Json AxisValue(const Json& config, const std::string& axis) {
  const Json value = ValueAtPath(config, axis);
  return value.is_null() ? ValueAtPath(config, "config." + axis) : value;
}

std::filesystem::path RunFolder(const Json& config, const std::vector<std::string>& axes) {
  std::filesystem::path folder;
  const Json model = AxisValue(config, "model");
  folder /= model.is_null() ? "runs" : SafeName(Upper(ValueText(model)));
  const Json seed = AxisValue(config, "seed");
  if (!seed.is_null()) folder /= SafeName("seed_" + ValueText(seed));
  const Json slice = AxisValue(config, "slice_seconds");
  if (slice.is_number()) folder /= SafeName(SliceName(slice.get<double>()));
  for (const std::string& axis : axes) {
    if (axis == "model" || axis == "seed" || axis == "slice_seconds") continue;
    folder /= SafeName(axis + "=" + ValueText(AxisValue(config, axis)));
  }
  return folder;
}

}  // namespace tutti
