#include "common/rpc/job_line.h"

#include <set>

#include "common/json.h"

namespace tutti {
namespace {

std::string NameOf(const v1::Lease& lease) {
  return "job " + std::to_string(lease.attempt().job_id()) + ", attempt " +
         std::to_string(lease.attempt().attempt());
}

Result<std::string> KindName(const v1::Lease& lease) {
  switch (lease.kind()) {
    case v1::JOB_KIND_PREPROCESS:
      return std::string("preprocess");
    case v1::JOB_KIND_TRAIN:
      return std::string("train");
    case v1::JOB_KIND_COMMAND:
      return std::string("command");
    default:
      return InvalidArgument(NameOf(lease) + ": kind " + std::to_string(lease.kind()) +
                             " is not run by this release");
  }
}

// Null where the blob is not among the inputs.
Json PathOf(const std::string& hash, const InputPaths& inputs) {
  const auto found = inputs.find(hash);
  return found == inputs.end() ? Json() : Json(found->second.string());
}

Json SecondsOrNull(const std::optional<std::chrono::milliseconds>& interval) {
  return interval ? Json(std::chrono::duration<double>(*interval).count()) : Json();
}

Result<Json> TracksOf(const v1::Lease& lease, const InputPaths& inputs) {
  Json tracks = Json::array();
  const bool reads_audio = lease.kind() == v1::JOB_KIND_PREPROCESS;
  for (const auto& track : lease.tracks()) {
    Json entry = {{"id", track.id()},
                  {"path", track.path()},
                  {"label", track.label()},
                  {"content_hash", track.content_hash()},
                  {"audio", reads_audio ? PathOf(track.content_hash(), inputs) : Json()},
                  {"shard", nullptr},
                  {"row", track.row()}};
    if (track.shard() >= lease.shards_size()) {
      return InvalidArgument("track " + std::to_string(track.id()) + ": shard " +
                             std::to_string(track.shard()) + " of " +
                             std::to_string(lease.shards_size()));
    }
    if (!reads_audio && track.shard() >= 0) {
      entry["shard"] = PathOf(lease.shards(track.shard()).blob_hash(), inputs);
    }
    tracks.push_back(std::move(entry));
  }
  return tracks;
}

Json SplitOf(const v1::Lease& lease) {
  if (!lease.has_split()) return nullptr;
  const auto ids = [](const auto& field) {
    return Json(std::vector<std::int64_t>(field.begin(), field.end()));
  };
  return {{"train", ids(lease.split().train())},
          {"validation", ids(lease.split().validation())},
          {"test", ids(lease.split().test())}};
}

Json DatasetOf(const v1::Lease& lease) {
  if (!lease.has_dataset()) return nullptr;
  const auto& classes = lease.dataset().classes();
  return {{"version", lease.dataset().version()},
          {"classes", std::vector<std::string>(classes.begin(), classes.end())}};
}

Result<Json> Parsed(const std::string& text, const std::string& what) {
  if (text.empty()) return Json::object();
  return ParseJson(text, what);
}

}  // namespace

std::vector<std::string> InputHashes(const v1::Lease& lease) {
  std::set<std::string> hashes;
  if (lease.kind() == v1::JOB_KIND_PREPROCESS) {
    for (const auto& track : lease.tracks()) hashes.insert(track.content_hash());
  } else {
    for (const auto& shard : lease.shards()) hashes.insert(shard.blob_hash());
    for (const auto& file : lease.command().files()) hashes.insert(file.blob_hash());
    if (lease.has_resume()) hashes.insert(lease.resume().blob_hash());
  }
  return {hashes.begin(), hashes.end()};
}

Result<std::string> JobLine(const v1::Lease& lease, const InputPaths& inputs,
                            const JobPlace& place) {
  const std::string what = NameOf(lease);
  TUTTI_ASSIGN_OR_RETURN(const std::string kind, KindName(lease));
  TUTTI_ASSIGN_OR_RETURN(const Json config, Parsed(lease.config_json(), what + ": configuration"));
  TUTTI_ASSIGN_OR_RETURN(const Json spec,
                         Parsed(lease.feature_spec_json(), what + ": feature spec"));
  TUTTI_ASSIGN_OR_RETURN(Json tracks, TracksOf(lease, inputs));
  const Json job = {{"job", std::to_string(lease.attempt().job_id())},
                    {"attempt", lease.attempt().attempt()},
                    {"kind", kind},
                    {"config", config},
                    {"feature_spec", spec},
                    {"dataset", DatasetOf(lease)},
                    {"tracks", std::move(tracks)},
                    {"split", SplitOf(lease)},
                    {"weights", nullptr},
                    {"resume", PathOf(lease.resume().blob_hash(), inputs)},
                    {"resume_interval_seconds", SecondsOrNull(place.resume_interval)},
                    {"output_dir", place.output_dir.string()},
                    {"threads", lease.threads()},
                    {"device", place.device}};
  return DumpJson(job) + "\n";
}

}  // namespace tutti
