#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/register_dataset.h"
#include "cli/text_table.h"
#include "common/ids.h"
#include "common/nearest_word.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

struct AddOptions {
  std::string name;
  std::filesystem::path folder;
  ScanOptions scan;
};

std::string WhereTheFilesAre(const RegisteredDataset& registered) {
  const std::string& root = registered.scan.manifest.in_place_root;
  if (root.empty()) return std::to_string(registered.uploaded) + " files uploaded";
  return "in place: workers need --data-root " + root + "=DIR";
}

Result<ExitCode> Add(Context& context, const AddOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  TUTTI_ASSIGN_OR_RETURN(
      const RegisteredDataset registered,
      RegisterDataset(context, *connection, options.name, options.folder, options.scan));
  const v1::DatasetInfo& dataset = registered.reply.dataset();
  if (context.json) {
    OrderedJson json = ToJson(dataset);
    json["changed"] = registered.reply.changed();
    json["in_place_root"] = registered.scan.manifest.in_place_root;
    json["left_out"] = OrderedJson::array();
    for (const LeftOut& file : registered.scan.left_out) {
      json["left_out"].push_back({{"path", file.path}, {"why", file.why}});
    }
    std::cout << json.dump(2) << '\n';
  } else if (context.quiet) {
    std::cout << dataset.version() << '\n';
  } else {
    std::cout << dataset.name() << ": " << dataset.tracks() << " tracks in "
              << dataset.classes_size() << " classes, version " << dataset.version() << " ("
              << (registered.reply.changed() ? "new" : "unchanged") << ", "
              << WhereTheFilesAre(registered) << ")\n";
  }
  return ExitCode::kDone;
}

Result<v1::ListDatasetsResponse> Fetch(Context& context) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  return connection->Call(&v1::SweepService::Stub::ListDatasets, v1::ListDatasetsRequest());
}

Result<ExitCode> List(Context& context) {
  TUTTI_ASSIGN_OR_RETURN(const auto reply, Fetch(context));
  if (context.json) {
    OrderedJson list = OrderedJson::array();
    for (const auto& dataset : reply.datasets()) list.push_back(ToJson(dataset));
    std::cout << list.dump(2) << '\n';
    return ExitCode::kDone;
  }
  std::vector<TextRow> rows;
  for (const auto& dataset : reply.datasets()) {
    if (context.quiet) std::cout << dataset.name() << '\n';
    rows.push_back({dataset.name(), std::to_string(dataset.tracks()),
                    std::to_string(dataset.classes_size()), std::to_string(dataset.groups()),
                    dataset.version().substr(0, 12), TimeText(dataset.registered_at_unix_ms())});
  }
  if (!context.quiet) {
    std::cout << MarkdownTable({"Dataset", "Tracks", "Classes", "Groups", "Version", "Registered"},
                               rows);
  }
  return ExitCode::kDone;
}

Result<ExitCode> Delete(Context& context, const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::DeleteDatasetRequest request;
  request.set_request_id(MakeUuid(context.random));
  request.set_name(name);
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::SweepService::Stub::DeleteDataset, request));
  if (context.json) {
    std::cout << OrderedJson{{"dataset", name}}.dump(2) << '\n';
  } else {
    std::cout << (context.quiet ? name : "dataset " + name + ": deleted") << '\n';
  }
  return ExitCode::kDone;
}

Result<ExitCode> Show(Context& context, const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const auto reply, Fetch(context));
  for (const auto& dataset : reply.datasets()) {
    if (dataset.name() != name) continue;
    if (context.json) {
      std::cout << ToJson(dataset).dump(2) << '\n';
    } else if (context.quiet) {
      std::cout << dataset.version() << '\n';
    } else {
      std::cout << dataset.name() << ", version " << dataset.version() << ", registered "
                << TimeText(dataset.registered_at_unix_ms()) << "\n\n";
      std::vector<TextRow> rows;
      for (int i = 0; i < dataset.classes_size(); ++i) {
        rows.push_back({dataset.classes(i), std::to_string(dataset.tracks_per_class(i))});
      }
      std::cout << MarkdownTable({"Class", "Tracks"}, rows);
    }
    return ExitCode::kDone;
  }
  std::vector<std::string> names;
  for (const auto& dataset : reply.datasets()) names.push_back(dataset.name());
  return NotFound("no dataset is named \"" + name + "\"" +
                  DidYouMean(name, names, "tutti dataset list shows what there is"));
}

}  // namespace

void AddDatasetCommand(CLI::App& program, Context& context) {
  CLI::App* dataset = program.add_subcommand("dataset", "labelled music that sweeps are run on");
  dataset->require_subcommand(1);

  CLI::App* add = dataset->add_subcommand(
      "add", "register a folder of class folders\nExample: tutti dataset add gtzan ~/gtzan/genres");
  auto options = std::make_shared<AddOptions>();
  add->add_option("name", options->name)->required();
  add->add_option("folder", options->folder)->required();
  add->add_option("--groups", options->scan.groups,
                  "table path,group (default: groups.csv in the folder, if there)");
  add->add_option("--split", options->scan.split,
                  "table path,part (default: split.csv in the folder, if there)");
  add->add_flag_callback(
      "--in-place", [options] { options->scan.placement = Placement::kInPlace; },
      "leave the files where they are, on a disk that the workers share: each opens them only if "
      "it was started with --data-root FOLDER=DIR");
  AddCommonOptions(*add, context);
  SetAction(*add, context, [&context, options] { return Add(context, *options); });

  CLI::App* list =
      dataset->add_subcommand("list", "all datasets\nExample: tutti dataset list --json");
  AddCommonOptions(*list, context);
  SetAction(*list, context, [&context] { return List(context); });

  CLI::App* show =
      dataset->add_subcommand("show", "one dataset\nExample: tutti dataset show gtzan");
  auto name = std::make_shared<std::string>();
  show->add_option("name", *name)->required();
  AddCommonOptions(*show, context);
  SetAction(*show, context, [&context, name] { return Show(context, *name); });

  CLI::App* remove = dataset->add_subcommand(
      "delete",
      "a dataset that no sweep is over; its files go from the coordinator some time later\n"
      "Example: tutti dataset delete gtzan");
  auto removed = std::make_shared<std::string>();
  remove->add_option("name", *removed)->required();
  AddCommonOptions(*remove, context);
  SetAction(*remove, context, [&context, removed] { return Delete(context, *removed); });

  AddDatasetTools(*dataset, context);
}

}  // namespace tutti
