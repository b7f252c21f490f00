#include "cli/register_dataset.h"

#include <algorithm>
#include <iostream>
#include <thread>
#include <unordered_map>

#include "common/hash.h"

namespace tutti {
namespace {

constexpr std::size_t kNamedLeftOut = 20;

void TellLeftOut(const std::vector<LeftOut>& left_out) {
  for (std::size_t i = 0; i < left_out.size() && i < kNamedLeftOut; ++i) {
    std::cerr << "left out: " << left_out[i].path << " (" << left_out[i].why << ")\n";
  }
  if (left_out.size() > kNamedLeftOut) {
    std::cerr << "left out: " << left_out.size() - kNamedLeftOut << " more\n";
  }
}

Result<std::size_t> UploadMissing(Context& context, BlobClient& blobs,
                                  const std::filesystem::path& folder, const Manifest& manifest) {
  std::unordered_map<std::string, const ManifestTrack*> track_of;
  std::vector<std::string> hashes;
  for (const ManifestTrack& track : manifest.tracks) {
    if (track_of.emplace(track.content_hash, &track).second) hashes.push_back(track.content_hash);
  }
  TUTTI_ASSIGN_OR_RETURN(const auto missing, blobs.FindMissing(hashes));
  std::size_t sent = 0;
  for (const std::string& hash : missing) {
    if (context.interrupt.Wait(std::chrono::milliseconds(0))) {
      return Error{ErrorCode::kCancelled, "stopped; run the same command again to go on"};
    }
    TUTTI_RETURN_IF_ERROR(blobs.UploadFile(folder / track_of.at(hash)->path, hash));
    if (++sent % 100 == 0 && !context.quiet) {
      std::cerr << "uploaded " << sent << " of " << missing.size() << " files\n";
    }
  }
  return sent;
}

}  // namespace

Result<RegisteredDataset> RegisterDataset(Context& context, Connection& connection,
                                          const std::string& name,
                                          const std::filesystem::path& folder,
                                          const ScanOptions& options) {
  RegisteredDataset registered;
  ScanOptions scan_options = options;
  scan_options.threads = std::max(1U, std::thread::hardware_concurrency());
  TUTTI_ASSIGN_OR_RETURN(registered.scan, ScanDataset(folder, scan_options));
  if (!context.quiet) TellLeftOut(registered.scan.left_out);
  const std::string manifest = DumpManifest(registered.scan.manifest);
  const std::string version = Sha256Hex(manifest);
  if (registered.scan.manifest.in_place_root.empty()) {
    TUTTI_ASSIGN_OR_RETURN(registered.uploaded, UploadMissing(context, connection.blobs(), folder,
                                                              registered.scan.manifest));
  }
  TUTTI_RETURN_IF_ERROR(connection.blobs().UploadBytes(manifest, version));
  v1::RegisterDatasetRequest request;
  request.set_request_id(MakeUuid(context.random));
  request.set_name(name);
  request.set_version(version);
  TUTTI_ASSIGN_OR_RETURN(registered.reply,
                         connection.Call(&v1::SweepService::Stub::RegisterDataset, request));
  return registered;
}

}  // namespace tutti
