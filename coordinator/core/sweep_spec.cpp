#include "coordinator/core/sweep_spec.h"

#include <algorithm>

namespace tutti {
namespace {

constexpr std::string_view kWhat = "stored sweep";

Result<OperationalOptions> OperationalFromJson(const Json& json) {
  OperationalOptions options;
  TUTTI_ASSIGN_OR_RETURN(options.keep_weights, Field<std::string>(json, "keep_weights", kWhat));
  TUTTI_ASSIGN_OR_RETURN(options.gpus, Field<std::string>(json, "gpus", kWhat));
  TUTTI_ASSIGN_OR_RETURN(options.max_attempts, Field<std::int64_t>(json, "max_attempts", kWhat));
  TUTTI_ASSIGN_OR_RETURN(options.time_limit_ms, Field<std::int64_t>(json, "time_limit_ms", kWhat));
  TUTTI_ASSIGN_OR_RETURN(options.priority, Field<std::int64_t>(json, "priority", kWhat));
  return options;
}

Result<SweepSpec> Read(const Json& json) {
  SweepSpec spec;
  TUTTI_ASSIGN_OR_RETURN(spec.name, Field<std::string>(json, "name", kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.dataset, Field<std::string>(json, "dataset", kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.options, Field<Json>(json, "options", kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.exclude, Field<std::vector<Json>>(json, "exclude", kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.include, Field<std::vector<Json>>(json, "include", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto axes, Field<std::vector<Json>>(json, "axes", kWhat));
  for (const Json& row : axes) {
    Axis axis;
    TUTTI_ASSIGN_OR_RETURN(axis.path, Field<std::string>(row, "path", kWhat));
    TUTTI_ASSIGN_OR_RETURN(axis.values, Field<std::vector<Json>>(row, "values", kWhat));
    spec.axes.push_back(std::move(axis));
  }
  TUTTI_ASSIGN_OR_RETURN(const Json operational, Field<Json>(json, "operational", kWhat));
  TUTTI_ASSIGN_OR_RETURN(spec.operational, OperationalFromJson(operational));
  return spec;
}

// Every option by its dotted path; a list is one value.
void Flatten(const Json& options, const std::string& prefix, Json& flat) {
  for (const auto& [key, value] : options.items()) {
    const std::string path = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object()) {
      Flatten(value, path, flat);
    } else {
      flat[path] = value;
    }
  }
}

bool IsAxis(const SweepSpec& spec, const std::string& path) {
  return std::ranges::find(spec.axes, path, &Axis::path) != spec.axes.end();
}

}  // namespace

Json ToJson(const SweepSpec& spec) {
  Json axes = Json::array();
  for (const Axis& axis : spec.axes) axes.push_back({{"path", axis.path}, {"values", axis.values}});
  const OperationalOptions& operational = spec.operational;
  return {{"name", spec.name},
          {"dataset", spec.dataset},
          {"axes", std::move(axes)},
          {"options", spec.options},
          {"exclude", spec.exclude},
          {"include", spec.include},
          {"operational",
           {{"keep_weights", operational.keep_weights},
            {"gpus", operational.gpus},
            {"max_attempts", operational.max_attempts},
            {"time_limit_ms", operational.time_limit_ms},
            {"priority", operational.priority}}}};
}

Result<SweepSpec> SweepSpecFromJson(const Json& json) {
  Result<SweepSpec> spec = Read(json);
  if (!spec.ok()) return DataLoss(spec.error().message);
  return spec;
}

std::vector<std::string> DifferencesOutsideGrid(const SweepSpec& before, const SweepSpec& after) {
  std::vector<std::string> lines;
  const auto tell = [&](const std::string& path, const Json& old_value, const Json& new_value) {
    lines.push_back(path + ": was " + old_value.dump() + ", is " + new_value.dump());
  };
  if (before.dataset != after.dataset) tell("dataset", before.dataset, after.dataset);
  Json old_options = Json::object();
  Json new_options = Json::object();
  Flatten(before.options, "", old_options);
  Flatten(after.options, "", new_options);
  for (const auto& [path, value] : new_options.items()) {
    // An axis on either side is the grid's own business: values may come and go.
    if (IsAxis(before, path) || IsAxis(after, path)) continue;
    const Json old_value = old_options.value(path, Json());
    if (old_value != value) tell(path, old_value, value);
  }
  for (const auto& [path, value] : old_options.items()) {
    if (!new_options.contains(path) && !IsAxis(after, path)) tell(path, value, Json());
  }
  return lines;
}

}  // namespace tutti
