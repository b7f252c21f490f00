#include "coordinator/sweep_file/sweep_file.h"

#include <algorithm>

#include "common/feature_spec.h"
#include "coordinator/sweep_file/command_reader.h"
#include "coordinator/sweep_file/findings.h"
#include "coordinator/sweep_file/grid_reader.h"
#include "coordinator/sweep_file/operational_reader.h"
#include "coordinator/sweep_file/option_reader.h"
#include "coordinator/sweep_file/options.h"
#include "coordinator/sweep_file/yaml_tree.h"

namespace tutti {
namespace {

constexpr std::int64_t kMinSliceFrames = 16;

void ReadName(const YamlTree& root, const char* key, const std::string& needed_for,
              std::string& value, Findings& findings) {
  const YamlTree* node = root.Find(key);
  if (node == nullptr) {
    findings.Add(root.line, std::string("\"") + key + "\" is missing: " + needed_for);
  } else if (!node->scalar.is_string() || node->scalar.get<std::string>().empty()) {
    findings.Add(node->line, std::string(key) + ": expected a name, got " + ToJson(*node).dump());
  } else {
    value = node->scalar.get<std::string>();
  }
}

// Values that an option takes over the whole grid.
std::vector<Json> ValuesOf(const SweepSpec& spec, const std::string& path) {
  const auto axis = std::ranges::find(spec.axes, path, &Axis::path);
  if (axis != spec.axes.end()) return axis->values;
  std::string pointer = "/" + path;
  std::ranges::replace(pointer, '.', '/');
  return {spec.options.at(Json::json_pointer(pointer))};
}

// Whole features only: an axis among them is checked run by run when the sweep is submitted.
void CheckSlices(const SweepSpec& spec, int line, Findings& findings) {
  const auto features = FeatureSpecFromJson(spec.options["features"]);
  if (!features.ok()) {
    const bool has_axis = std::ranges::any_of(
        spec.axes, [](const Axis& axis) { return axis.path.starts_with("features."); });
    if (!has_axis) findings.Add(line, features.error().message);
    return;
  }
  for (const Json& value : ValuesOf(spec, "slice_seconds")) {
    if (!value.is_number()) continue;
    const auto seconds = value.get<double>();
    const std::int64_t frames = SliceFrames(*features, seconds);
    if (seconds > features->clip_seconds) {
      findings.Add(line, "slice_seconds: " + value.dump() + " is longer than the clip of " +
                             Json(features->clip_seconds).dump() + " s (features.clip_seconds)");
    } else if (frames < kMinSliceFrames) {
      findings.Add(line, "slice_seconds: " + value.dump() + " is " + std::to_string(frames) +
                             " frames, expected at least " + std::to_string(kMinSliceFrames));
    }
  }
}

int LineOfSlices(const YamlTree& root) {
  if (const YamlTree* grid = root.Find("grid"); grid != nullptr) {
    if (const YamlTree* slices = grid->Find("slice_seconds"); slices != nullptr) {
      return slices->line;
    }
  }
  const YamlTree* slices = root.Find("slice_seconds");
  return slices != nullptr ? slices->line : root.line;
}

}  // namespace

Result<SweepSpec> ParseSweepFile(std::string_view text, const std::string& file,
                                 const Json& runner_files) {
  TUTTI_ASSIGN_OR_RETURN(const YamlTree root, ParseYaml(text, file));
  Findings findings(file);
  if (root.kind != YamlTree::Kind::kMap) {
    findings.Add(root.line, "expected keys such as name, dataset and grid");
    return findings.ToStatus().error();
  }
  SweepSpec spec;
  const bool is_command = IsCommandSweep(root);
  ReadName(root, "name", "every sweep has a name, by which it is found again", spec.name, findings);
  if (!is_command || root.Find("dataset") != nullptr) {
    ReadName(root, "dataset", "the name under which the music is registered", spec.dataset,
             findings);
  }
  ReadOptions(root, spec.options, findings);
  if (is_command) ReadCommand(root, runner_files, spec, findings);
  ReadGrid(root, spec, findings);
  ReadOperational(root, spec.operational, findings);
  TUTTI_RETURN_IF_ERROR(findings.ToStatus());
  if (is_command) {
    CheckPlaceholders(root, spec, findings);
    TUTTI_RETURN_IF_ERROR(findings.ToStatus());
    return spec;
  }
  CheckSlices(spec, LineOfSlices(root), findings);
  TUTTI_RETURN_IF_ERROR(findings.ToStatus());
  return spec;
}

}  // namespace tutti
