#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "cli/commands.h"
#include "cli/dataset_check.h"
#include "cli/runner_call.h"
#include "cli/text_table.h"
#include "common/numpy_random.h"
#include "common/split_kinds.h"

namespace tutti {
namespace {

// ---- check

struct CheckOptions {
  std::filesystem::path folder;
  double clip_seconds = 30;
  bool strict = false;
};

OrderedJson ToJson(const std::vector<NamedFile>& files) {
  OrderedJson rows = OrderedJson::array();
  for (const NamedFile& file : files) rows.push_back({{"path", file.path}, {"why", file.why}});
  return rows;
}

OrderedJson ToJson(const DatasetFindings& findings) {
  OrderedJson classes = OrderedJson::object();
  for (const auto& [name, tracks] : findings.classes) classes[name] = tracks;
  OrderedJson left_out = OrderedJson::array();
  for (const LeftOut& file : findings.left_out) {
    left_out.push_back({{"path", file.path}, {"why", file.why}});
  }
  return {{"classes", std::move(classes)},           {"undecodable", ToJson(findings.undecodable)},
          {"truncated", ToJson(findings.truncated)}, {"silent", ToJson(findings.silent)},
          {"constant", ToJson(findings.constant)},   {"too_short", ToJson(findings.too_short)},
          {"duplicates", findings.duplicates},       {"left_out", std::move(left_out)}};
}

void Print(const char* title, const std::vector<NamedFile>& files) {
  if (files.empty()) return;
  std::cout << '\n' << title << ": " << files.size() << '\n';
  for (const NamedFile& file : files) std::cout << "  " << file.path << ": " << file.why << '\n';
}

void Print(const DatasetFindings& findings) {
  std::vector<TextRow> rows;
  std::int64_t tracks = 0;
  for (const auto& [name, count] : findings.classes) {
    rows.push_back({name, std::to_string(count)});
    tracks += count;
  }
  std::cout << MarkdownTable({"Class", "Tracks"}, rows) << '\n'
            << tracks << " tracks, " << findings.count() << " findings\n";
  Print("Undecodable (left out of every run, named below its tables)", findings.undecodable);
  Print("Truncated", findings.truncated);
  Print("Silent (their features are all zeros)", findings.silent);
  Print("Constant (direct current, which nobody hears)", findings.constant);
  Print("Short (padded with zeros)", findings.too_short);
  if (!findings.duplicates.empty()) {
    std::cout << "\nDuplicates (the same music; split.kind: grouped keeps them on one side): "
              << findings.duplicates.size() << '\n';
  }
  for (const auto& group : findings.duplicates) {
    std::string line;
    for (const std::string& path : group) line += (line.empty() ? "  " : " = ") + path;
    std::cout << line << '\n';
  }
  if (!findings.left_out.empty()) {
    std::cout << "\nStray files (no tracks): " << findings.left_out.size() << '\n';
  }
  for (const LeftOut& file : findings.left_out) {
    std::cout << "  " << file.path << ": " << file.why << '\n';
  }
}

// Of whatever something was found of, a line each.
void PrintPaths(const DatasetFindings& findings) {
  for (const auto* files : {&findings.undecodable, &findings.truncated, &findings.silent,
                            &findings.constant, &findings.too_short}) {
    for (const NamedFile& file : *files) std::cout << file.path << '\n';
  }
  for (const auto& group : findings.duplicates) {
    for (const std::string& path : group) std::cout << path << '\n';
  }
  for (const LeftOut& file : findings.left_out) std::cout << file.path << '\n';
}

Result<ExitCode> Check(Context& context, const CheckOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const DatasetFindings findings,
                         CheckDataset(context, options.folder, options.clip_seconds));
  if (context.json) {
    std::cout << ToJson(findings).dump(2) << '\n';
  } else if (context.quiet) {
    PrintPaths(findings);
  } else {
    Print(findings);
  }
  return options.strict && findings.count() > 0 ? ExitCode::kBadInput : ExitCode::kDone;
}

// ---- split

struct SplitCommand {
  std::filesystem::path folder;
  std::int64_t seed = 333;
  SplitOptions options;
  std::string kind = "stratified";
};

Result<ExitCode> PrintSplit(Context& context, const SplitCommand& command) {
  ScanOptions scan_options;
  scan_options.threads = std::max(1U, std::thread::hardware_concurrency());
  TUTTI_ASSIGN_OR_RETURN(const DatasetScan scan, ScanDataset(command.folder, scan_options));
  TUTTI_ASSIGN_OR_RETURN(SplitOptions options,
                         ParseSplitOptions({{"kind", command.kind},
                                            {"test", command.options.test},
                                            {"validation", command.options.validation},
                                            {"folds", command.options.folds},
                                            {"fold", command.options.fold}},
                                           command.seed));
  options.classes = scan.manifest.classes;
  std::vector<SplitTrack> tracks;
  for (const ManifestTrack& track : scan.manifest.tracks) {
    tracks.push_back({track.label, track.group, track.content_hash, track.part, track.path});
  }
  TUTTI_ASSIGN_OR_RETURN(const Split split, MakeSplit(tracks, options));
  OrderedJson json;
  const auto add = [&](const char* part, const std::vector<std::int64_t>& positions) {
    json[part] = OrderedJson::array();
    for (const std::int64_t at : positions) {
      json[part].push_back(scan.manifest.tracks[static_cast<std::size_t>(at)].path);
    }
  };
  add("train", split.train);
  add("validation", split.validation);
  add("test", split.test);
  if (context.json) {
    std::cout << json.dump(2) << '\n';
    return ExitCode::kDone;
  }
  // A table that `dataset add --split` takes.
  if (!context.quiet) std::cout << "path,part\n";
  for (const auto& [part, paths] : json.items()) {
    for (const auto& path : paths) {
      const std::string text = path.get<std::string>();
      std::cout << (context.quiet ? text + "\n" : CsvTable({text, part}, {}));
    }
  }
  return ExitCode::kDone;
}

// ---- figure

struct FigureCommand {
  std::filesystem::path folder;
  std::filesystem::path output;
  double seconds = 3;
  std::uint32_t seed = 333;
};

Result<ExitCode> Figure(Context& context, const FigureCommand& command) {
  ScanOptions options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  TUTTI_ASSIGN_OR_RETURN(const DatasetScan scan, ScanDataset(command.folder, options));
  NumpyRandomState random(command.seed);
  Json panels = Json::array();
  for (std::size_t label = 0; label < scan.manifest.classes.size(); ++label) {
    std::vector<const ManifestTrack*> songs;
    for (const ManifestTrack& track : scan.manifest.tracks) {
      if (static_cast<std::size_t>(track.label) == label) songs.push_back(&track);
    }
    const auto chosen = random.Interval(static_cast<std::uint32_t>(songs.size() - 1));
    panels.push_back(
        {{"title", scan.manifest.classes[label]},
         {"audio", (std::filesystem::absolute(command.folder) / songs[chosen]->path).string()},
         {"start_seconds", static_cast<double>(random.Interval(10))}});
  }
  const Json request = {{"panels", std::move(panels)},
                        {"seconds", command.seconds},
                        {"output", std::filesystem::absolute(command.output).string()}};
  const auto drawn = CallRunner(context, "tutti-preprocess", request, {"figure"});
  if (!drawn.ok()) return drawn.error();
  if (context.json) {
    std::cout << OrderedJson{{"figure", command.output.string()},
                             {"classes", scan.manifest.classes}}
                     .dump(2)
              << '\n';
  } else {
    std::cout << command.output.string() << '\n';
  }
  return ExitCode::kDone;
}

}  // namespace

void AddDatasetTools(CLI::App& dataset, Context& context) {
  CLI::App* check = dataset.add_subcommand(
      "check",
      "look through a folder: undecodable, truncated, silent, constant, short tracks,\n"
      "duplicates, stray files\nExample: tutti dataset check ~/gtzan/genres --strict");
  auto check_options = std::make_shared<CheckOptions>();
  check->add_option("folder", check_options->folder)->required();
  check->add_option("--clip-seconds", check_options->clip_seconds, "that runs will ask for")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  check->add_flag("--strict", check_options->strict, "exit code 2 where anything was found");
  AddCommonOptions(*check, context);
  SetAction(*check, context, [&context, check_options] { return Check(context, *check_options); });

  CLI::App* split = dataset.add_subcommand(
      "split",
      "who would be in which part, over all tracks of a folder (runs leave undecodable ones out)\n"
      "Example: tutti dataset split ~/gtzan/genres --seed 333 --json");
  auto split_command = std::make_shared<SplitCommand>();
  split->add_option("folder", split_command->folder)->required();
  split->add_option("--seed", split_command->seed)->capture_default_str();
  split->add_option("--kind", split_command->kind)
      ->check(CLI::IsMember({"stratified", "grouped", "file", "kfold"}))
      ->capture_default_str();
  split->add_option("--test", split_command->options.test)->capture_default_str();
  split->add_option("--validation", split_command->options.validation)->capture_default_str();
  split->add_option("--folds", split_command->options.folds)->capture_default_str();
  split->add_option("--fold", split_command->options.fold)->capture_default_str();
  AddCommonOptions(*split, context);
  SetAction(*split, context,
            [&context, split_command] { return PrintSplit(context, *split_command); });

  CLI::App* figure = dataset.add_subcommand("figure",
                                            "mel spectrograms, one song a class, as PNG or SVG\n"
                                            "Example: tutti dataset figure ~/gtzan/genres mel.svg");
  auto figure_command = std::make_shared<FigureCommand>();
  figure->add_option("folder", figure_command->folder)->required();
  figure->add_option("output", figure_command->output, ".png or .svg")->required();
  figure->add_option("--seconds", figure_command->seconds, "of each song")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  figure->add_option("--seed", figure_command->seed, "chooses the songs")->capture_default_str();
  AddCommonOptions(*figure, context);
  SetAction(*figure, context,
            [&context, figure_command] { return Figure(context, *figure_command); });
}

}  // namespace tutti
