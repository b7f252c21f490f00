#include "common/rpc/model_card.h"

#include <cstdio>
#include <map>
#include <vector>

#include "common/json.h"
#include "common/markdown_table.h"

namespace tutti {
namespace {

std::string Number(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.6g", value);
  return buffer;
}

// "training.epochs" and the like, one row each.
void AddRows(const Json& object, const std::string& prefix, std::vector<TextRow>& rows) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      AddRows(value, prefix + key + ".", rows);
    } else {
      rows.push_back({prefix + key, value.is_string() ? value.get<std::string>() : value.dump()});
    }
  }
}

template <class Map, class Text>
std::vector<TextRow> Sorted(const Map& map, const Text& text) {
  std::vector<TextRow> rows;
  const std::map<typename Map::key_type, typename Map::mapped_type> sorted(map.begin(), map.end());
  for (const auto& [key, value] : sorted) rows.push_back({key, text(value)});
  return rows;
}

std::string LoadingLines(const std::string& file_name) {
  return "```python\n"
         "from safetensors import safe_open\n"
         "\n"
         "with safe_open(" +
         Json(file_name).dump() +
         ", framework=\"numpy\") as checkpoint:\n"
         "    facts = checkpoint.metadata()  # model, classes, slice_seconds, feature_spec, …\n"
         "    weights = {name: checkpoint.get_tensor(name) for name in checkpoint.keys()}\n"
         "print(facts[\"model\"], facts[\"classes\"], sum(a.size for a in weights.values()))\n"
         "```\n";
}

}  // namespace

Result<std::string> ModelCard(const v1::GetJobResponse& run, const v1::Artifact& weights,
                              const std::string& dataset_version, const std::string& file_name) {
  const auto config = ParseJson(run.job().config_json(), "configuration of a run");
  if (!config.ok()) return DataLoss(config.error().message);
  const std::string job = std::to_string(run.job().id());
  std::vector<TextRow> options;
  AddRows(*config, "", options);
  std::string classes;
  for (const std::string& name : run.classes()) classes += (classes.empty() ? "" : ", ") + name;

  std::string card = "# " + file_name + "\n\nThe " + weights.name() + " weights of job " + job +
                     " of sweep " + run.job().sweep() + ", trained by Tutti. SHA-256 `" +
                     weights.blob_hash() + "`, run key `" + run.key() + "`, dataset version `" +
                     dataset_version + "`.\n\nClasses, in the order of the outputs: " + classes +
                     ".\n\n## Load it\n" + LoadingLines(file_name) +
                     "\n`tutti predict AUDIO --checkpoint " + file_name +
                     "` listens to a file by it; `tutti replay " + job +
                     "` trains the run again and compares.\n\n## Scores on the test set\n";
  card += MarkdownTable({"Score", "Value"}, Sorted(run.metrics(), Number));
  card += "\n## Configuration\n" + MarkdownTable({"Option", "Value"}, options);
  card += "\n## Environment\n" +
          MarkdownTable({"What", "Value"},
                        Sorted(run.environment(), [](const std::string& text) { return text; }));
  return card;
}

}  // namespace tutti
