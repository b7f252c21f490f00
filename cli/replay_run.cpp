#include "cli/replay_run.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <thread>
#include <vector>

#include "cli/in_place_audio.h"
#include "cli/runner_call.h"
#include "common/manifest.h"
#include "common/rpc/job_line.h"

namespace tutti {
namespace {

// Where the audio is on this machine; empty: the coordinator has it.
Result<std::filesystem::path> AudioRoot(Connection& connection, const v1::Lease& run,
                                        const std::filesystem::path& data_root) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text,
                         connection.blobs().DownloadBytes(run.dataset().version()));
  TUTTI_ASSIGN_OR_RETURN(const Manifest manifest, ParseManifest(text));
  if (manifest.in_place_root.empty() || data_root.empty()) {
    return std::filesystem::path(manifest.in_place_root);
  }
  return data_root;
}

// Fetches what the job reads.
Result<InputPaths> FetchAudio(Context& context, Connection& connection, const v1::Lease& lease,
                              const std::filesystem::path& root,
                              const std::filesystem::path& folder) {
  if (!root.empty()) {
    return CopyAudioInPlace(context.interrupt, root, {lease.tracks().begin(), lease.tracks().end()},
                            folder);
  }
  InputPaths paths;
  for (const auto& track : lease.tracks()) {
    if (context.interrupt.Wait(std::chrono::milliseconds(0))) {
      return Error{ErrorCode::kCancelled, "stopped"};
    }
    const std::filesystem::path file = folder / track.content_hash();
    if (!paths.emplace(track.content_hash(), file).second) continue;
    TUTTI_RETURN_IF_ERROR(connection.blobs().DownloadFile(track.content_hash(), file));
  }
  return paths;
}

Result<std::vector<Json>> Call(Context& context, const std::string& program, const v1::Lease& lease,
                               const InputPaths& inputs, const std::filesystem::path& folder) {
  TUTTI_ASSIGN_OR_RETURN(const std::string line, JobLine(lease, inputs, {.output_dir = folder}));
  TUTTI_ASSIGN_OR_RETURN(const Json job, ParseJson(line, "job line"));
  return CallRunner(context, program, job);
}

// The features of one shard's tracks. `rows`: takes each track's row.
Result<std::filesystem::path> MakeShard(Context& context, Connection& connection,
                                        const v1::Lease& run, std::int32_t shard,
                                        const std::filesystem::path& root,
                                        const std::filesystem::path& folder,
                                        std::map<std::int64_t, std::int32_t>& rows) {
  v1::Lease lease;
  *lease.mutable_attempt() = run.attempt();
  lease.set_kind(v1::JOB_KIND_PREPROCESS);
  lease.set_feature_spec_json(run.feature_spec_json());
  *lease.mutable_dataset() = run.dataset();
  lease.set_threads(static_cast<std::int32_t>(std::max(1U, std::thread::hardware_concurrency())));
  for (const auto& track : run.tracks()) {
    if (track.shard() != shard) continue;
    rows[track.id()] = lease.tracks_size();
    auto& copy = *lease.add_tracks();
    copy = track;
    copy.set_shard(-1);
  }
  const std::filesystem::path output = folder / ("shard_" + std::to_string(shard));
  const std::filesystem::path audio = folder / "audio";
  TUTTI_RETURN_IF_ERROR(context.files.CreateDirectories(output, 0700));
  TUTTI_RETURN_IF_ERROR(context.files.CreateDirectories(audio, 0700));
  TUTTI_ASSIGN_OR_RETURN(const InputPaths inputs,
                         FetchAudio(context, connection, lease, root, audio));
  TUTTI_ASSIGN_OR_RETURN(const auto events,
                         Call(context, "tutti-preprocess", lease, inputs, output));
  for (const Json& event : events) {
    if (event["event"] != "track") continue;
    return DataLoss("a track that once decoded does not any more: " + DumpJson(event));
  }
  TUTTI_RETURN_IF_ERROR(context.files.RemoveAll(audio));
  return output / "shard.safetensors";
}

}  // namespace

Result<Json> ReplayRun(Context& context, Connection& connection, const v1::Lease& lease,
                       const std::filesystem::path& data_root,
                       const std::filesystem::path& folder) {
  v1::Lease run = lease;
  run.clear_resume();
  TUTTI_ASSIGN_OR_RETURN(const std::filesystem::path root, AudioRoot(connection, run, data_root));
  std::map<std::int64_t, std::int32_t> rows;
  InputPaths shards;
  for (int i = 0; i < run.shards_size(); ++i) {
    if (!context.quiet) {
      std::cerr << "features: block " << i + 1 << " of " << run.shards_size() << '\n';
    }
    TUTTI_ASSIGN_OR_RETURN(shards[run.shards(i).blob_hash()],
                           MakeShard(context, connection, run, i, root, folder, rows));
  }
  for (auto& track : *run.mutable_tracks()) track.set_row(rows.at(track.id()));
  if (!context.quiet) std::cerr << "training\n";
  TUTTI_ASSIGN_OR_RETURN(auto events, Call(context, "tutti-train", run, shards, folder));
  return std::move(events.back());
}

}  // namespace tutti
