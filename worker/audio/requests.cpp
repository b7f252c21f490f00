#include "worker/audio/requests.h"

#include <filesystem>
#include <string>
#include <vector>

#include "common/feature_spec.h"
#include "common/json.h"
#include "worker/audio/check.h"
#include "worker/audio/figure.h"

namespace tutti {
namespace {

OrderedJson AudioEvent(std::size_t index, const AudioFacts& facts) {
  OrderedJson event{{"event", "audio"}, {"index", index}};
  if (facts.undecodable) {
    event["undecodable"] = *facts.undecodable;
    return event;
  }
  event["sample_rate_hz"] = facts.sample_rate_hz;
  event["channels"] = facts.channels;
  event["seconds"] = facts.seconds;
  event["silent"] = facts.is_silent;
  event["constant"] = facts.is_constant;
  event["truncated"] = facts.is_truncated;
  event["pcm_hash"] = facts.pcm_hash;
  return event;
}

}  // namespace

Status ServeCheck(std::string_view request, EventWriter& events) {
  constexpr std::string_view kWhat = "check";
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(request, kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto names, Field<std::vector<std::string>>(json, "files", kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto threads, FieldOr<std::int64_t>(json, "threads", 1, kWhat));
  const std::vector<std::filesystem::path> files(names.begin(), names.end());
  TUTTI_RETURN_IF_ERROR(CheckAudio(files, threads, [&](std::size_t index, const AudioFacts& facts) {
    events.Write(AudioEvent(index, facts));
  }));
  events.Write({{"event", "result"}});
  return {};
}

Status ServeFigure(std::string_view request, EventWriter& events) {
  constexpr std::string_view kWhat = "figure";
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(request, kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto items, Field<std::vector<Json>>(json, "panels", kWhat));
  std::vector<FigurePanel> panels;
  for (const Json& item : items) {
    FigurePanel panel;
    TUTTI_ASSIGN_OR_RETURN(panel.title, Field<std::string>(item, "title", "figure: panel"));
    TUTTI_ASSIGN_OR_RETURN(const auto audio, Field<std::string>(item, "audio", "figure: panel"));
    TUTTI_ASSIGN_OR_RETURN(panel.start_seconds,
                           Field<double>(item, "start_seconds", "figure: panel"));
    panel.audio = audio;
    panels.push_back(std::move(panel));
  }
  TUTTI_ASSIGN_OR_RETURN(const Json features,
                         FieldOr<Json>(json, "features", Json::object(), kWhat));
  TUTTI_ASSIGN_OR_RETURN(const FeatureSpec spec, FeatureSpecFromJson(features));
  FigureOptions options;
  TUTTI_ASSIGN_OR_RETURN(options.seconds, FieldOr<double>(json, "seconds", 3.0, kWhat));
  TUTTI_ASSIGN_OR_RETURN(const auto output, Field<std::string>(json, "output", kWhat));
  TUTTI_RETURN_IF_ERROR(DrawMelFigure(panels, spec, options, output));
  events.Write({{"event", "result"}});
  return {};
}

void TellFailure(const Error& error, EventWriter& events) {
  const bool of_the_data = error.code == ErrorCode::kDataLoss || error.code == ErrorCode::kNotFound;
  const bool of_the_request = error.code == ErrorCode::kInvalidArgument;
  events.Write({{"event", "error"},
                {"class", of_the_data      ? "bad_data"
                          : of_the_request ? "bad_config"
                                           : "crashed"},
                {"message", error.message}});
}

}  // namespace tutti
