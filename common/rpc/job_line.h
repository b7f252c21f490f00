// The line that gives a runner its job (design: runner protocol), from a lease and the paths of its
// inputs.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// Blob hash → file on this machine.
using InputPaths = std::map<std::string, std::filesystem::path>;

// Hashes of the blobs that the job reads: audio for a preprocess job, shards, program and resume
// file for a run; each once.
std::vector<std::string> InputHashes(const v1::Lease& lease);

// Where and how this machine does a job.
struct JobPlace {
  std::filesystem::path output_dir;
  std::string device = "cpu";  // or "cuda:N"
  // How often a training writes what a later attempt can go on from; 0: after each epoch; nothing:
  // never.
  std::optional<std::chrono::milliseconds> resume_interval;
};

// One line with its newline. kInvalidArgument: the lease is of a kind
// that this release does not run, its JSON is none, or a track names a shard that it does not have.
Result<std::string> JobLine(const v1::Lease& lease, const InputPaths& inputs,
                            const JobPlace& place);

}  // namespace tutti
