// Bounds on what one call may ask for, and on what waits for a worker that does not read: each is
// reached, and passed by one.
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/rpc/session_protocol.h"
#include "coordinator/rpc/limits.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/coordinator/rpc/served_coordinator.h"

namespace tutti {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::Not;

constexpr char kOneRun[] = "name: mine\nrunner: {command: [\"true\"]}\ngrid: {seed: [1]}\n";

class CallLimits : public testing::Test {
 protected:
  grpc::Status Submit(const v1::SubmitSweepRequest& request) {
    v1::SubmitSweepResponse reply;
    return served_.stub().SubmitSweep(served_.NewCall().get(), request, &reply);
  }
  v1::ListJobsResponse Jobs(std::int64_t after, std::int64_t limit) {
    v1::ListJobsRequest request;
    request.set_sweep("mine");
    request.set_after_job_id(after);
    request.set_limit(static_cast<std::int32_t>(limit));
    v1::ListJobsResponse reply;
    EXPECT_TRUE(served_.stub().ListJobs(served_.NewCall().get(), request, &reply).ok());
    return reply;
  }
  // Of a worker that enrols.
  std::string TokenOf(const std::string& worker) {
    v1::EnrollRequest request;
    request.set_worker_id(worker);
    request.set_name(worker);
    v1::EnrollResponse reply;
    const auto call = served_.NewCall(ServedCoordinator::kEnrolToken);
    EXPECT_TRUE(
        v1::WorkerService::Stub(served_.channel()).Enroll(call.get(), request, &reply).ok());
    return reply.token();
  }

  TempDir folder_;
  ServedCoordinator served_{folder_.path()};
};

TEST_F(CallLimits, ARequestIdIsOfAtMostSoManyBytes) {
  v1::SubmitSweepRequest request;
  request.set_sweep_file(kOneRun);
  request.set_request_id(std::string(kMaxRequestIdBytes + 1, 'i'));
  const grpc::Status refused = Submit(request);
  EXPECT_EQ(refused.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("request_id: expected 1 to 64"));
  request.set_request_id(std::string(kMaxRequestIdBytes, 'i'));
  EXPECT_TRUE(Submit(request).ok());
}

TEST_F(CallLimits, AProgramHasAtMostSoManyFiles) {
  v1::SubmitSweepRequest request;
  request.set_sweep_file(kOneRun);
  request.set_dry_run(true);
  const auto with = [&](int files) {
    request.set_request_id(std::to_string(files));
    while (request.runner_files_size() < files) {
      auto& file = *request.add_runner_files();
      file.set_path("f" + std::to_string(request.runner_files_size()));
      file.set_blob_hash(Sha256Hex(file.path()));
    }
    return Submit(request).error_message();
  };
  EXPECT_THAT(with(kMaxRunnerFiles), Not(HasSubstr("at most 1000")));
  EXPECT_THAT(with(kMaxRunnerFiles + 1), HasSubstr("1001 files, at most 1000"));
}

TEST_F(CallLimits, APageOfJobsIsBounded) {
  std::string seeds = "0";
  for (std::int64_t seed = 1; seed <= kJobsPerPage; ++seed) seeds += ", " + std::to_string(seed);
  served_.Submit("name: mine\nrunner: {command: [\"true\"]}\ngrid: {seed: [" + seeds + "]}\n");
  for (const std::int64_t asked : {std::int64_t{0}, kJobsPerPage, 2 * kJobsPerPage}) {
    const v1::ListJobsResponse page = Jobs(0, asked);
    EXPECT_EQ(page.jobs_size(), kJobsPerPage) << asked;
    EXPECT_TRUE(page.more());
  }
  const v1::ListJobsResponse rest = Jobs(Jobs(0, 0).jobs().rbegin()->id(), 0);
  EXPECT_EQ(rest.jobs_size(), 1);
  EXPECT_FALSE(rest.more());
}

TEST_F(CallLimits, AManifestThatIsTooLargeIsNotRead) {
  PosixFileSystem files;
  const auto blobs = BlobStore::Open(files, folder_ / "others");
  ASSERT_TRUE(IsOk(blobs));
  const std::string hash = Sha256Hex("a manifest");
  const auto path = folder_ / "others" / hash.substr(0, 2) / hash;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path).close();
  std::filesystem::resize_file(path, static_cast<std::uintmax_t>(kMaxManifestBytes) + 1);  // sparse
  ManifestCache manifests(**blobs);
  EXPECT_TRUE(FailsWith(manifests.Get(hash), ErrorCode::kInvalidArgument, "at most 1073741824"));
}

// It would be kept for it without end: it is let go, and comes back when it can read.
TEST_F(CallLimits, AWorkerThatDoesNotReadIsLetGoOnceItsLineIsFull) {
  const auto call = served_.NewCall(TokenOf("w"));
  v1::WorkerService::Stub workers(served_.channel());
  const auto session = workers.Session(call.get());
  v1::WorkerFrame hello;
  hello.set_worker_id("w");
  hello.set_session(1);
  hello.mutable_hello()->set_name("w");
  hello.mutable_hello()->set_slots(1);
  hello.mutable_hello()->set_cores(1);
  hello.mutable_hello()->set_protocol(kSessionProtocol);
  v1::CoordinatorFrame frame;
  ASSERT_TRUE(session->Write(hello) && session->Read(&frame));
  const auto send = [&](std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) {
      served_.hub().SendDrops({{WorkerId{"w"}, {JobId{7}, 1}, DropReason::kCancelled}});
    }
  };
  send(kMaxQueuedFrames - 1);  // the first one may be on its way still
  for (std::size_t i = 1; i < kMaxQueuedFrames; ++i) ASSERT_TRUE(session->Read(&frame)) << i;

  send(2 * kMaxQueuedFrames);
  std::size_t came = 0;
  while (session->Read(&frame)) ++came;
  EXPECT_LE(came, kMaxQueuedFrames);
  const grpc::Status ended = session->Finish();
  EXPECT_EQ(ended.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(ended.error_message(), HasSubstr("does not read its messages"));
}

}  // namespace
}  // namespace tutti
