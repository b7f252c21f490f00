#include "tests/unit/coordinator/rpc/served_coordinator.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/rpc/channel.h"
#include "coordinator/blobs/blob_upload.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

void AddToken(const char* token, Role role, Changes& changes) {
  changes.push_back(PutToken{{Sha256Hex(token), role, std::string(Name(role)), {}, UnixMillis{1}}});
}

}  // namespace

ServedCoordinator::ServedCoordinator(const std::filesystem::path& folder, const Changes& before) {
  store_ = *SqliteStore::Open(folder / "state.db");
  blobs_ = *BlobStore::Open(files_, folder / "blobs");
  Changes changes = before;
  AddToken(kAdminToken, Role::kAdmin, changes);
  AddToken(kReaderToken, Role::kReader, changes);
  AddToken(kWorkerToken, Role::kWorker, changes);
  AddToken(kEnrolToken, Role::kEnrol, changes);
  EXPECT_TRUE(IsOk(store_->Commit(changes)));
  keeper_ = std::make_unique<BlobKeeper>(*blobs_, clock_, BlobKeeperOptions{});
  disk_ = std::make_unique<DiskGuard>(
      folder, [] { return Result<std::uint64_t>(std::uint64_t{1} << 40); }, DiskGuardOptions{});
  readers_ = std::make_unique<ReaderPool>(*store_, ReaderPoolOptions{});
  manifests_ = std::make_unique<ManifestCache>(*blobs_);
  leases_ = std::make_unique<LeaseBuilder>(*manifests_);
  EXPECT_TRUE(IsOk(access_.Load(*Reader())));
  writer_ = std::make_unique<Writer>(*store_, clock_, WriterOptions{});
  writer_->UseObserver([this](const Changes& committed) { tables_.OnCommitted(committed); });
  hub_ = std::make_unique<SessionHub>(*writer_, *leases_, *readers_, clock_,
                                      std::chrono::milliseconds(30'000));
  service_ =
      std::make_unique<SweepServiceImpl>(*writer_, *hub_, *readers_, *keeper_, *disk_, *manifests_,
                                         *leases_, tables_, access_, clock_, "test");
  predict_ = std::make_unique<PredictServiceImpl>(*readers_, *manifests_, access_);
  workers_ = std::make_unique<WorkerServiceImpl>(*writer_, *hub_, *keeper_, access_, clock_,
                                                 random_, WorkerSettings{});
  access_service_ =
      std::make_unique<AccessServiceImpl>(*writer_, *hub_, predict_->serving(), *readers_, access_);
  EXPECT_TRUE(IsOk(writer_->Start(*hub_)));
  hub_->Start();
  grpc::ServerBuilder builder;
  for (grpc::Service* service : std::initializer_list<grpc::Service*>{
           service_.get(), predict_.get(), workers_.get(), access_service_.get()}) {
    builder.RegisterService(service);
  }
  server_ = builder.BuildAndStart();
  stub_ = v1::SweepService::NewStub(server_->InProcessChannel({}));
}

ServedCoordinator::~ServedCoordinator() {
  hub_->Stop();
  server_->Shutdown();
  writer_->Stop();
}

std::unique_ptr<grpc::ClientContext> ServedCoordinator::NewCall(const std::string& token) const {
  auto context = std::make_unique<grpc::ClientContext>();
  Authorize(*context, token);
  return context;
}

std::unique_ptr<StoreReader> ServedCoordinator::Reader() {
  return *store_->OpenReader();
}

std::string ServedCoordinator::PutBlob(const std::string& bytes) {
  std::string hash = Sha256Hex(bytes);
  const auto upload = blobs_->BeginUpload(hash, static_cast<std::int64_t>(bytes.size()));
  EXPECT_TRUE(IsOk(upload));
  EXPECT_TRUE(IsOk((*upload)->Append(bytes)));
  EXPECT_TRUE(IsOk((*upload)->Commit()));
  return hash;
}

void ServedCoordinator::Submit(const std::string& sweep_file) {
  v1::SubmitSweepRequest request;
  request.set_request_id("prepared sweep");
  request.set_sweep_file(sweep_file);
  v1::SubmitSweepResponse reply;
  const grpc::Status status = stub_->SubmitSweep(NewCall().get(), request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace tutti
