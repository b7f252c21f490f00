// Datasets by name: registered, listed, deleted.
#include <memory>
#include <set>
#include <utility>

#include "common/rpc/channel.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/rpc/held_files.h"
#include "coordinator/rpc/names.h"
#include "coordinator/rpc/sweep_service.h"

namespace tutti {
namespace {

DatasetRecord Describe(const std::string& name, const std::string& version,
                       const Manifest& manifest, UnixMillis now) {
  DatasetRecord dataset;
  dataset.name = name;
  dataset.version = version;
  dataset.registered_at = now;
  dataset.tracks = static_cast<std::int64_t>(manifest.tracks.size());
  dataset.classes = manifest.classes;
  dataset.tracks_per_class.assign(manifest.classes.size(), 0);
  std::set<std::string> groups;
  for (const ManifestTrack& track : manifest.tracks) {
    ++dataset.tracks_per_class[static_cast<std::size_t>(track.label)];
    dataset.size_bytes += static_cast<std::int64_t>(track.size_bytes);
    if (!track.group.empty()) groups.insert(track.group);
  }
  dataset.groups = static_cast<std::int64_t>(groups.size());
  return dataset;
}

}  // namespace

grpc::ServerUnaryReactor* SweepServiceImpl::RegisterDataset(
    grpc::CallbackServerContext* context, const v1::RegisterDatasetRequest* request,
    v1::RegisterDatasetResponse* response) {
  auto dataset = std::make_shared<DatasetRecord>();
  ChangingCall call{Rpc::kRegisterDataset};
  call.prepare = [this, request, dataset]() -> Result<std::shared_ptr<BlobHold>> {
    TUTTI_RETURN_IF_ERROR(disk_.AllowNewWork());
    TUTTI_RETURN_IF_ERROR(CheckName("dataset name", request->name()));
    TUTTI_ASSIGN_OR_RETURN(const auto manifest, manifests_.Get(request->version()));
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    const auto current = reader->Dataset(request->name());
    const bool is_current = current.ok() && current->version == request->version();
    *dataset = is_current
                   ? *current
                   : Describe(request->name(), request->version(), *manifest, clock_.WallNow());
    return HoldFiles(keeper_, FilesOf(request->version(), *manifest),
                     "run the same tutti dataset add again; what is there is not sent again");
  };
  call.decide = [response, dataset](Core& core, Moment now, Changes& changes) -> Status {
    response->set_changed(core.RegisterDataset(*dataset, now, changes));
    *response->mutable_dataset() = tutti::ToProto(*dataset);
    return {};
  };
  return Change(context, std::move(call), *request, *response);
}

grpc::ServerUnaryReactor* SweepServiceImpl::DeleteDataset(grpc::CallbackServerContext* context,
                                                          const v1::DeleteDatasetRequest* request,
                                                          v1::DeleteDatasetResponse* response) {
  ChangingCall call{Rpc::kDeleteDataset};
  call.decide = [request](Core& core, Moment now, Changes& changes) {
    return core.DeleteDataset(request->name(), now, changes);
  };
  return Change(context, std::move(call), *request, *response);
}

}  // namespace tutti
