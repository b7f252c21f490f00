// From the files that a runner names to blobs at the coordinator.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/result.h"
#include "tutti/v1/common.pb.h"
#include "worker/daemon/blob_transport.h"
#include "worker/daemon/runner_event.h"

namespace tutti {

inline constexpr std::size_t kMaxArtifactsPerAttempt = 1'000;

// Hashes the files and uploads those that the coordinator lacks. With `adopt`, files that were
// uploaded move into that cache: a shard made here is read here. Blocks. Errors as OpenBeneath and
// the transport.
Result<std::vector<v1::Artifact>> UploadArtifacts(const std::filesystem::path& output_dir,
                                                  const std::vector<RunnerArtifact>& artifacts,
                                                  BlobTransport& transport, BlobCache* adopt);

}  // namespace tutti
