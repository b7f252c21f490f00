// The coordinator that a command talks to.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "cli/context.h"
#include "cli/daemon_process.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/result.h"
#include "common/rpc/blob_transfer.h"
#include "common/rpc/profile.h"
#include "tutti/v1/access.grpc.pb.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {

// A coordinator that was there and has gone is waited for so long: it is being started anew.
inline constexpr std::chrono::seconds kPatience{30};
// By a command that follows something for hours: one that is being upgraded, or whose machine
// starts anew, is back by then.
inline constexpr std::chrono::minutes kReturnLimit{10};

// Owned by the main thread.
class Connection {
 public:
  // By --dir (its running coordinator, or one that is opened for this command), else by --profile,
  // $TUTTI_PROFILE or the user's own. kUnavailable: there is no profile. kInvalidArgument: both are
  // given, a profile that is none or that others can read, a folder without state.
  static Result<std::unique_ptr<Connection>> Open(Context& context);
  // The coordinator of this folder's state, made where missing.
  static Result<std::unique_ptr<Connection>> OpenDir(Context& context,
                                                     const std::filesystem::path& dir);

  // For a command that follows something for hours: a coordinator that was there is waited for up
  // to kReturnLimit in place of kPatience, and stderr says so.
  void WaitForItsReturn() { follows_ = true; }

  // One call; `method` is a member of the stub. A coordinator that is away is asked again, the same
  // request with the same id, so that a change is made once: for kPatience where it was there
  // before, a few times where it never was. kUnavailable: says where and what to do.
  template <class Request, class Response>
  Result<Response> Call(grpc::Status (v1::SweepService::Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Response*),
                        const Request& request) {
    return CallOn(*stub_, method, request);
  }
  template <class Request, class Response>
  Result<Response> Call(grpc::Status (v1::AccessService::Stub::*method)(grpc::ClientContext*,
                                                                        const Request&, Response*),
                        const Request& request) {
    return CallOn(*access_stub_, method, request);
  }

  const Profile& profile() const { return profile_; }

  BlobClient& blobs() { return blobs_; }
  // Whether this command opened the coordinator itself.
  bool owns_coordinator() const { return coordinator_ != nullptr; }

 private:
  template <class Stub, class Request, class Response>
  Result<Response> CallOn(Stub& stub,
                          grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                       Response*),
                          const Request& request) {
    Response response;
    TUTTI_RETURN_IF_ERROR(Attempt([&](grpc::ClientContext& call) {
      response.Clear();
      return (stub.*method)(&call, request, &response);
    }));
    return response;
  }

  Connection(Context& context, Profile profile, const std::shared_ptr<grpc::Channel>& channel);
  static Result<std::unique_ptr<Connection>> FromProfile(Context& context,
                                                         const std::filesystem::path& path);
  Status Attempt(const std::function<grpc::Status(grpc::ClientContext&)>& call);
  // It does not know a call that this release makes.
  Error AskForUpgrade();
  // True: another try, after a pause. `tries`: so many were made since `begun`.
  bool WaitForAnotherTry(int tries, SteadyTime begun, Backoff& backoff);

  Context& context_;
  Profile profile_;
  std::shared_ptr<grpc::Channel> channel_;
  bool reached_ = false;                 // a coordinator was there
  std::filesystem::path socket_folder_;  // removed at the end; empty: none
  std::unique_ptr<DaemonProcess> coordinator_;
  std::unique_ptr<v1::SweepService::Stub> stub_;
  std::unique_ptr<v1::AccessService::Stub> access_stub_;
  BlobClient blobs_;
  bool follows_ = false;

 public:
  ~Connection();
};

}  // namespace tutti
