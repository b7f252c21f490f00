#include "coordinator/rpc/lease_builder.h"

#include <algorithm>
#include <unordered_set>

#include "common/feature_spec_hash.h"
#include "common/json.h"
#include "common/split_kinds.h"
#include "coordinator/core/class_selection.h"
#include "coordinator/core/command_arguments.h"
#include "coordinator/core/sweep_spec.h"
#include "coordinator/rpc/convert.h"

namespace tutti {
namespace {

std::string JobName(const JobRecord& job) {
  return "job " + std::to_string(job.id.value);
}

Result<std::string> SpecWithHash(const FeatureSetRecord& set) {
  TUTTI_ASSIGN_OR_RETURN(Json spec, ParseJson(set.spec_json, "feature spec"));
  spec["hash"] = set.spec_hash;
  return DumpJson(spec);
}

Result<SplitOptions> SplitOptionsOf(const Json& config) {
  TUTTI_ASSIGN_OR_RETURN(const auto seed, Field<std::int64_t>(config, "seed", "configuration"));
  return ParseSplitOptions(config.value("split", Json::object()), seed);
}

void AddSplit(const Split& split, const std::vector<std::int64_t>& ids, v1::Lease::Split& out) {
  for (const std::int64_t at : split.train) out.add_train(ids[static_cast<std::size_t>(at)]);
  for (const std::int64_t at : split.validation) {
    out.add_validation(ids[static_cast<std::size_t>(at)]);
  }
  for (const std::int64_t at : split.test) out.add_test(ids[static_cast<std::size_t>(at)]);
}

void FillTrack(const ManifestTrack& from, std::int64_t id, std::int32_t label,
               v1::Lease::Track& to) {
  to.set_id(id);
  to.set_path(from.path);
  to.set_label(label);
  to.set_content_hash(from.content_hash);
  to.set_size_bytes(static_cast<std::int64_t>(from.size_bytes));
  to.set_shard(-1);
}

Status AddCommand(const Json& config, v1::Lease& lease) {
  v1::Lease::Command& command = *lease.mutable_command();
  TUTTI_ASSIGN_OR_RETURN(const auto arguments, FillArguments(config));
  for (const std::string& argument : arguments) command.add_arguments(argument);
  const Json& runner = config.at("runner");
  for (const auto& [name, value] : runner.at("environment").items()) {
    (*command.mutable_environment())[name] = value.get<std::string>();
  }
  for (const Json& file : runner.at("files")) {
    v1::Lease::File& out = *command.add_files();
    out.set_path(file.at("path").get<std::string>());
    out.set_blob_hash(file.at("hash").get<std::string>());
    out.set_executable(file.at("executable").get<bool>());
  }
  return {};
}

// What a runner needs of the options that are no part of the run's identity.
std::string ConfigForRunner(const Json& run, const std::string& keep_weights) {
  Json config = ConfigForProgram(run);
  config["keep_weights"] = keep_weights;
  return DumpJson(config);
}

Result<const SweepOfLeases*> SweepOf(SweepId id, StoreReader& reader, SweepsOfLeases& sweeps) {
  const auto known = sweeps.find(id);
  if (known != sweeps.end()) return &known->second;
  SweepOfLeases sweep;
  TUTTI_ASSIGN_OR_RETURN(sweep.record, reader.Sweep(id));
  const std::string what = "sweep " + sweep.record.name;
  TUTTI_ASSIGN_OR_RETURN(const Json json, ParseJson(sweep.record.spec_json, what));
  TUTTI_ASSIGN_OR_RETURN(const SweepSpec spec, SweepSpecFromJson(json));
  sweep.keep_weights = spec.operational.keep_weights;
  return &sweeps.emplace(id, std::move(sweep)).first->second;
}

Result<ArtifactRecord> ShardOf(JobId job, StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const ResultRecord result, reader.ResultOf(job));
  const auto shard = std::ranges::find(result.artifacts, "shard", &ArtifactRecord::name);
  if (shard == result.artifacts.end()) {
    return DataLoss("preprocess job " + std::to_string(job.value) + " has no shard");
  }
  return *shard;
}

// Gives the rows of one shard, in the order of its job's tracks, to the tracks that decoded.
Status AddShardTracks(const JobRecord& job, std::int32_t shard,
                      const std::unordered_set<std::string>& undecodable, std::int64_t& next_id,
                      std::vector<FeatureTracks::Track>& tracks) {
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json, JobName(job)));
  TUTTI_ASSIGN_OR_RETURN(const auto hashes,
                         Field<std::vector<std::string>>(config, "content_hashes", JobName(job)));
  std::int32_t row = 0;
  for (const std::string& hash : hashes) {
    const std::int64_t id = next_id++;
    if (!undecodable.contains(hash)) tracks.push_back({id, shard, row++});
  }
  return {};
}

}  // namespace

FailureClass FailureOfLease(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return FailureClass::kBadConfig;
    case ErrorCode::kNotFound:
    case ErrorCode::kDataLoss:
      return FailureClass::kBadData;
    default:
      return FailureClass::kPreempted;
  }
}

Result<v1::Lease> LeaseBuilder::Build(const Grant& grant, StoreReader& reader,
                                      SweepsOfLeases& sweeps) {
  TUTTI_ASSIGN_OR_RETURN(const JobRecord job, reader.Job(grant.attempt.job));
  TUTTI_ASSIGN_OR_RETURN(const SweepOfLeases* of_sweep, SweepOf(job.sweep, reader, sweeps));
  const SweepRecord& sweep = of_sweep->record;
  v1::Lease lease;
  *lease.mutable_attempt() = ToProto(grant.attempt);
  lease.set_kind(ToProto(job.kind));
  lease.set_sweep(sweep.name);
  lease.set_time_limit_ms(sweep.time_limit_ms);
  lease.set_threads(1);
  lease.set_device(grant.device);
  for (const std::string& device : grant.avoided_devices) lease.add_avoided_devices(device);
  if (job.kind == JobKind::kPreprocess) {
    TUTTI_RETURN_IF_ERROR(AddPreprocessing(job, sweep, lease));
    return lease;
  }
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json, JobName(job)));
  lease.set_config_json(ConfigForRunner(config, of_sweep->keep_weights));
  TUTTI_ASSIGN_OR_RETURN(const auto threads,
                         FieldOr<std::int64_t>(config, "threads", 1, JobName(job)));
  lease.set_threads(static_cast<std::int32_t>(threads));
  if (job.feature_set) TUTTI_RETURN_IF_ERROR(AddFeatures(job, config, sweep, reader, lease));
  if (job.kind == JobKind::kCommand) TUTTI_RETURN_IF_ERROR(AddCommand(config, lease));
  if (grant.attempt.attempt == 1) return lease;  // nobody was there to leave anything
  TUTTI_ASSIGN_OR_RETURN(const auto resume, reader.Resume(job.id));
  if (resume) {
    lease.mutable_resume()->set_blob_hash(resume->blob_hash);
    lease.mutable_resume()->set_size_bytes(resume->size_bytes);
    lease.mutable_resume()->set_epoch(resume->epoch);
  }
  return lease;
}

Status LeaseBuilder::AddPreprocessing(const JobRecord& job, const SweepRecord& sweep,
                                      v1::Lease& lease) {
  TUTTI_ASSIGN_OR_RETURN(const Json config, ParseJson(job.config_json, JobName(job)));
  TUTTI_ASSIGN_OR_RETURN(Json spec, Field<Json>(config, "feature_spec", JobName(job)));
  TUTTI_ASSIGN_OR_RETURN(const auto hashes,
                         Field<std::vector<std::string>>(config, "content_hashes", JobName(job)));
  TUTTI_ASSIGN_OR_RETURN(const auto first,
                         Field<std::int64_t>(config, "first_track", JobName(job)));
  TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests_.Get(sweep.dataset_version));
  TUTTI_ASSIGN_OR_RETURN(const FeatureSpec parsed, FeatureSpecFromJson(spec));
  spec["hash"] = FeatureSpecHash(parsed);
  lease.set_config_json("{}");
  lease.set_feature_spec_json(DumpJson(spec));
  lease.mutable_dataset()->set_version(sweep.dataset_version);
  lease.mutable_dataset()->set_in_place_root(manifest->in_place_root);
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const auto id = static_cast<std::size_t>(first) + i;
    if (id >= manifest->tracks.size() || manifest->tracks[id].content_hash != hashes[i]) {
      return DataLoss(JobName(job) + ": track " + std::to_string(id) +
                      " of the manifest is not the one that the job was made for");
    }
    const ManifestTrack& track = manifest->tracks[id];
    FillTrack(track, static_cast<std::int64_t>(id), track.label, *lease.add_tracks());
  }
  return {};
}

Status LeaseBuilder::AddFeatures(const JobRecord& job, const Json& config, const SweepRecord& sweep,
                                 StoreReader& reader, v1::Lease& lease) {
  TUTTI_ASSIGN_OR_RETURN(const auto features, TracksOf(*job.feature_set, reader));
  const Manifest& manifest = *features->manifest;
  TUTTI_ASSIGN_OR_RETURN(const ClassSelection selection,
                         SelectClasses(manifest, config.value("classes", Json("all"))));
  constexpr std::int32_t kLeftOut = -1;
  std::vector<std::int32_t> label_of(manifest.tracks.size(), kLeftOut);
  for (std::size_t i = 0; i < selection.tracks.size(); ++i) {
    label_of[static_cast<std::size_t>(selection.tracks[i])] = selection.labels[i];
  }
  std::vector<std::int32_t> labels;
  std::vector<std::int64_t> ids;
  for (const FeatureTracks::Track& at : features->tracks) {
    const ManifestTrack& track = manifest.tracks[static_cast<std::size_t>(at.id)];
    const std::int32_t label = label_of[static_cast<std::size_t>(at.id)];
    if (label == kLeftOut) continue;
    v1::Lease::Track& out = *lease.add_tracks();
    FillTrack(track, at.id, label, out);
    out.set_shard(at.shard);
    out.set_row(at.row);
    labels.push_back(label);
    ids.push_back(at.id);
  }
  TUTTI_ASSIGN_OR_RETURN(SplitOptions options, SplitOptionsOf(config));
  options.classes = selection.classes;
  const std::vector<SplitTrack> split_tracks = SplitTracksOf(manifest, ids, labels);
  TUTTI_ASSIGN_OR_RETURN(const Split split, make_split_(split_tracks, options));
  TUTTI_RETURN_IF_ERROR(CheckSides(split_tracks, split, options.kind));
  AddSplit(split, ids, *lease.mutable_split());

  lease.set_feature_spec_json(features->spec_json_with_hash);
  lease.mutable_dataset()->set_version(sweep.dataset_version);
  lease.mutable_dataset()->mutable_classes()->Add(selection.classes.begin(),
                                                  selection.classes.end());
  for (const ArtifactRecord& shard : features->shards) {
    v1::Lease::Shard& out = *lease.add_shards();
    out.set_blob_hash(shard.blob_hash);
    out.set_size_bytes(shard.size_bytes);
  }
  return {};
}

Result<std::shared_ptr<const FeatureTracks>> LeaseBuilder::TracksOf(FeatureSetId id,
                                                                    StoreReader& reader) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(newest_first_, id, [](const auto& e) { return e.first; });
    if (found != newest_first_.end()) {
      newest_first_.splice(newest_first_.begin(), newest_first_, found);
      return newest_first_.front().second;
    }
  }
  TUTTI_ASSIGN_OR_RETURN(const FeatureSetRecord set, reader.FeatureSet(id));
  TUTTI_ASSIGN_OR_RETURN(const auto verdicts, reader.Undecodable(set.spec_hash));
  std::unordered_set<std::string> undecodable;
  for (const UndecodableRecord& verdict : verdicts) undecodable.insert(verdict.content_hash);

  auto features = std::make_shared<FeatureTracks>();
  TUTTI_ASSIGN_OR_RETURN(features->spec_json_with_hash, SpecWithHash(set));
  TUTTI_ASSIGN_OR_RETURN(features->manifest, manifests_.Get(set.dataset_version));
  std::int64_t next_id = 0;
  for (const JobId shard_job : set.shard_jobs) {
    TUTTI_ASSIGN_OR_RETURN(const JobRecord job, reader.Job(shard_job));
    const auto shard = static_cast<std::int32_t>(features->shards.size());
    TUTTI_RETURN_IF_ERROR(AddShardTracks(job, shard, undecodable, next_id, features->tracks));
    TUTTI_ASSIGN_OR_RETURN(ArtifactRecord artifact, ShardOf(shard_job, reader));
    features->shards.push_back(std::move(artifact));
  }
  if (next_id != static_cast<std::int64_t>(features->manifest->tracks.size())) {
    return DataLoss("feature set " + std::to_string(id.value) + " covers " +
                    std::to_string(next_id) + " tracks, the manifest has " +
                    std::to_string(features->manifest->tracks.size()));
  }
  const std::lock_guard lock(mutex_);
  newest_first_.emplace_front(id, features);
  if (newest_first_.size() > kCapacity) newest_first_.pop_back();
  return std::shared_ptr<const FeatureTracks>(std::move(features));
}

}  // namespace tutti
