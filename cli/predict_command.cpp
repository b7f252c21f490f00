#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/kept_weights.h"
#include "cli/predict_audio.h"
#include "cli/scratch_folder.h"
#include "cli/text_table.h"

namespace tutti {
namespace {

struct PredictOptions {
  std::vector<std::filesystem::path> audio;
  std::optional<std::int64_t> job;
  std::string sweep;
  std::filesystem::path checkpoint;
};

// Where the weights came from; of a local file only the file is known.
struct Source {
  CheckpointHeader header;
  std::optional<KeptWeights> kept;
};

std::string Percent(double share) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.1f %%", 100 * share);
  return buffer;
}

std::string Probability(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.4f", value);
  return buffer;
}

Result<Source> ChooseCheckpoint(Context& context, const PredictOptions& options,
                                const std::filesystem::path& folder) {
  Source source;
  std::filesystem::path file = options.checkpoint;
  if (file.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
    std::int64_t job = options.job.value_or(0);
    if (!options.job) {
      TUTTI_ASSIGN_OR_RETURN(job, BestJob(*connection, options.sweep));
    }
    TUTTI_ASSIGN_OR_RETURN(source.kept, FindWeights(*connection, job, WeightsKind::kBestOrLast));
    file = folder / "checkpoint.safetensors";
    TUTTI_RETURN_IF_ERROR(connection->blobs().DownloadFile(source.kept->blob_hash, file));
  }
  TUTTI_ASSIGN_OR_RETURN(source.header, ReadCheckpointHeader(file));
  if (source.kept) source.header.dataset_version = source.kept->dataset_version;
  return source;
}

OrderedJson ToJson(const Source& source, const PredictionReport& report) {
  OrderedJson checkpoint{{"job", nullptr},
                         {"sweep", nullptr},
                         {"weights", nullptr},
                         {"model", source.header.model},
                         {"slice_seconds", source.header.slice_seconds}};
  if (source.kept) {
    checkpoint["job"] = source.kept->job;
    checkpoint["sweep"] = source.kept->sweep;
    checkpoint["weights"] = source.kept->name;
  }
  OrderedJson predictions = OrderedJson::array();
  for (const AudioPrediction& row : report.predictions) {
    OrderedJson classes = OrderedJson::array();
    for (const ClassScore& score : row.classes) {
      classes.push_back({{"class", score.name},
                         {"votes", score.votes},
                         {"share", score.share},
                         {"probability", score.probability}});
    }
    predictions.push_back({{"audio", row.audio.string()},
                           {"predicted", row.predicted},
                           {"slices", row.slices},
                           {"classes", std::move(classes)}});
  }
  OrderedJson undecodable = OrderedJson::array();
  for (const UndecodableAudio& row : report.undecodable) {
    undecodable.push_back({{"audio", row.audio.string()}, {"message", row.message}});
  }
  return {{"checkpoint", std::move(checkpoint)},
          {"predictions", std::move(predictions)},
          {"undecodable", std::move(undecodable)}};
}

void PrintTables(const Source& source, const PredictionReport& report) {
  std::cout << "By " << source.header.model << ", slices of "
            << Json(source.header.slice_seconds).dump() << " s";
  if (source.kept) {
    std::cout << ": " << source.kept->name << " weights of job " << source.kept->job << " of sweep "
              << source.kept->sweep;
  }
  std::cout << '\n';
  for (const AudioPrediction& row : report.predictions) {
    std::vector<TextRow> rows;
    for (const ClassScore& score : row.classes) {
      rows.push_back({score.name, std::to_string(score.votes), Percent(score.share),
                      Probability(score.probability)});
    }
    std::cout << '\n'
              << row.audio.string() << ": " << row.predicted << "\n\n"
              << MarkdownTable({"Class", "Votes", "Share of votes", "Probability"}, rows);
  }
}

Result<ExitCode> Predict(Context& context, const PredictOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::Make("checkpoint"));
  TUTTI_ASSIGN_OR_RETURN(const Source source, ChooseCheckpoint(context, options, scratch.path()));
  TUTTI_ASSIGN_OR_RETURN(const PredictionReport report,
                         PredictAudio(context, source.header, options.audio));
  if (context.json) {
    std::cout << ToJson(source, report).dump(2) << '\n';
  } else if (context.quiet) {
    for (const AudioPrediction& row : report.predictions) std::cout << row.predicted << '\n';
  } else if (!report.predictions.empty()) {
    PrintTables(source, report);
  }
  std::cout.flush();
  for (const UndecodableAudio& row : report.undecodable) {
    std::cerr << "tutti: " << row.audio.string() << " cannot be decoded: " << row.message << '\n';
  }
  return report.undecodable.empty() ? ExitCode::kDone : ExitCode::kBadInput;
}

}  // namespace

void AddPredictCommand(CLI::App& program, Context& context) {
  CLI::App* predict =
      program.add_subcommand("predict",
                             "classes of audio files, by the weights of a run\n"
                             "Example: tutti predict song.flac --sweep gtzan-baseline");
  auto options = std::make_shared<PredictOptions>();
  predict
      ->add_option("audio", options->audio,
                   "audio files; as much of each is heard as the run heard of a track")
      ->required();
  auto* job = predict->add_option("--job", options->job, "the run whose weights to take");
  auto* sweep = predict->add_option("--sweep", options->sweep,
                                    "take its run with the highest f1_macro (default: the newest "
                                    "sweep that has a finished run)");
  auto* checkpoint = predict->add_option("--checkpoint", options->checkpoint,
                                         "a file of tutti checkpoint get; asks no coordinator");
  job->excludes(sweep)->excludes(checkpoint);
  sweep->excludes(checkpoint);
  AddCommonOptions(*predict, context);
  SetAction(*predict, context, [&context, options] { return Predict(context, *options); });
}

}  // namespace tutti
