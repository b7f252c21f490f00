#include "tests/system/security_table.h"

#include <utility>

#include "common/clock.h"
#include "common/hash.h"
#include "common/random.h"
#include "common/rpc/channel.h"
#include "common/rpc/session_protocol.h"

namespace tutti {
namespace {

constexpr std::chrono::seconds kAtMost{60};
constexpr int kSecretBytes = 16;

std::int64_t sessions = 0;  // each is newer than all before it

std::string NewId() {
  SystemRandom random;
  return random.Hex(kSecretBytes);
}

}  // namespace

Caller::Caller(const std::shared_ptr<grpc::Channel>& channel, std::string token)
    : token_(std::move(token)),
      sweeps_(v1::SweepService::NewStub(channel)),
      blobs_(v1::BlobService::NewStub(channel)),
      workers_(v1::WorkerService::NewStub(channel)),
      access_(v1::AccessService::NewStub(channel)) {}

Caller::Caller(const Profile& profile) : Caller(*OpenChannel(profile), profile.token) {}

std::unique_ptr<grpc::ClientContext> Caller::NewCall(const std::string& token) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                     gpr_time_from_seconds(kAtMost.count(), GPR_TIMESPAN)));
  if (!token.empty()) Authorize(*context, token);
  return context;
}

grpc::Status Caller::ListSweeps() {
  v1::ListSweepsResponse reply;
  return sweeps_->ListSweeps(NewCall().get(), {}, &reply);
}

grpc::Status Caller::Submit(const std::string& name, std::size_t padding) {
  v1::SubmitSweepRequest request;
  v1::SubmitSweepResponse reply;
  request.set_request_id(NewId());
  request.set_file_name("sweep.yaml");
  request.set_sweep_file("name: " + name + "\nrunner: {command: [\"true\"]}\ngrid: {x: [1]}\n#" +
                         std::string(padding, ' '));
  return sweeps_->SubmitSweep(NewCall().get(), request, &reply);
}

grpc::Status Caller::Register(const std::string& name, const std::string& version) {
  v1::RegisterDatasetRequest request;
  v1::RegisterDatasetResponse reply;
  request.set_request_id(NewId());
  request.set_name(name);
  request.set_version(version);
  return sweeps_->RegisterDataset(NewCall().get(), request, &reply);
}

grpc::Status Caller::GetLog(std::int64_t job) {
  v1::GetLogRequest request;
  v1::GetLogResponse reply;
  request.set_job_id(job);
  return sweeps_->GetLog(NewCall().get(), request, &reply);
}

grpc::Status Caller::GetJob(std::int64_t job) {
  v1::GetJobRequest request;
  v1::GetJobResponse reply;
  request.set_id(job);
  return sweeps_->GetJob(NewCall().get(), request, &reply);
}

grpc::Status Caller::FindMissing(std::size_t bytes) {
  v1::FindMissingRequest request;
  v1::FindMissingResponse reply;
  if (bytes > 0) {
    request.add_hashes(std::string(bytes, 'x'));
  } else {
    request.add_hashes(Sha256Hex("nothing"));
  }
  return blobs_->FindMissing(NewCall().get(), request, &reply);
}

grpc::Status Caller::Upload(const BlobOffer& offer) {
  v1::UploadResponse reply;
  const auto call = NewCall();
  const auto writer = blobs_->Upload(call.get(), &reply);
  v1::UploadRequest part;
  part.mutable_header()->set_hash(offer.hash);
  part.mutable_header()->set_size_bytes(offer.announced);
  writer->Write(part);
  part.set_data(offer.bytes);
  writer->Write(part);
  writer->WritesDone();
  return writer->Finish();
}

grpc::Status Caller::Upload(const std::string& bytes, std::int64_t announced) {
  return Upload(BlobOffer{bytes, Sha256Hex(bytes), announced});
}

grpc::Status Caller::Download(const std::string& hash) {
  v1::DownloadRequest request;
  request.set_hash(hash);
  const auto call = NewCall();
  const auto reader = blobs_->Download(call.get(), request);
  v1::DownloadResponse piece;
  while (reader->Read(&piece)) continue;
  return reader->Finish();
}

grpc::Status Caller::Enroll(const std::string& worker_id, std::string* token) {
  v1::EnrollRequest request;
  v1::EnrollResponse reply;
  request.set_worker_id(worker_id);
  request.set_name(worker_id);
  const grpc::Status status = workers_->Enroll(NewCall().get(), request, &reply);
  if (token != nullptr) *token = reply.token();
  return status;
}

grpc::Status Caller::Invite(const std::string& role, const std::string& secret,
                            std::chrono::milliseconds ttl) {
  v1::CreateInviteRequest request;
  v1::CreateInviteResponse reply;
  request.set_request_id(NewId());
  request.set_role(role);
  request.set_secret_hash(Sha256Hex(secret));
  request.set_ttl_ms(ttl.count());
  return access_->CreateInvite(NewCall().get(), request, &reply);
}

grpc::Status Caller::Redeem(const std::string& secret, const Guest& guest) {
  v1::RedeemInviteRequest request;
  v1::RedeemInviteResponse reply;
  request.set_token_hash(Sha256Hex(guest.token));
  request.set_name(guest.name);
  request.set_worker_id(guest.worker_id);
  return access_->RedeemInvite(NewCall(secret).get(), request, &reply);
}

grpc::Status Caller::Revoke(const std::string& name) {
  v1::RevokeRequest request;
  v1::RevokeResponse reply;
  request.set_request_id(NewId());
  request.set_name(name);
  return access_->Revoke(NewCall().get(), request, &reply);
}

Session::Session(Caller& caller, const std::string& worker_id)
    : worker_id_(worker_id),
      number_(++sessions),
      context_(caller.NewCall()),
      stream_(caller.workers().Session(context_.get())) {}

Session::~Session() {
  if (!ended_) End();
}

v1::WorkerFrame Session::NewFrame() const {
  v1::WorkerFrame frame;
  frame.set_worker_id(worker_id_);
  frame.set_session(number_);
  frame.set_free_slots(1);
  return frame;
}

bool Session::Hello() {
  v1::WorkerFrame frame = NewFrame();
  v1::WorkerHello& hello = *frame.mutable_hello();
  hello.set_name(worker_id_);
  hello.set_version("of the test");
  hello.set_slots(1);
  hello.set_cores(1);
  hello.set_protocol(kSessionProtocol);
  hello.add_kinds(v1::JOB_KIND_COMMAND);
  v1::CoordinatorFrame answer;
  return stream_->Write(frame) && stream_->Read(&answer);
}

bool Session::Tell(const v1::AttemptEvent& event) {
  v1::WorkerFrame frame = NewFrame();
  *frame.add_held() = event.attempt();
  *frame.add_events() = event;
  if (!stream_->Write(frame)) return false;
  for (v1::CoordinatorFrame answer; stream_->Read(&answer);) {
    for (const v1::CoordinatorFrame::Acked& acked : answer.acked()) {
      if (acked.attempt().job_id() == event.attempt().job_id() &&
          acked.sequence() >= event.sequence()) {
        return true;
      }
    }
  }
  return false;
}

bool Session::WaitForLease(v1::Attempt* attempt) {
  for (v1::CoordinatorFrame answer; stream_->Read(&answer);) {
    if (answer.leases_size() == 0) continue;
    *attempt = answer.leases(0).attempt();
    return true;
  }
  return false;
}

grpc::Status Session::End() {
  ended_ = true;
  stream_->WritesDone();
  v1::CoordinatorFrame rest;
  while (stream_->Read(&rest)) continue;
  return stream_->Finish();
}

}  // namespace tutti
