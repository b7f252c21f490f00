#include "cli/connection.h"

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <stdlib.h>
#include <unistd.h>

#include "common/environment.h"
#include "common/rpc/channel.h"
#include "common/version.h"

namespace tutti {
namespace {

constexpr int kTries = 5;  // to reach a coordinator at all
constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{5'000};
constexpr std::chrono::milliseconds kConnectLimit{500};  // where nobody was reached so far
constexpr std::chrono::milliseconds kReconnectLimit{1'000};
constexpr std::chrono::seconds kCallLimit{300};

// A folder of mode 0700 that nobody else had.
Result<std::filesystem::path> MakePrivateFolder() {
  std::string name = (RuntimeFolder() / "tutti-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return ErrnoError(errno, "make a folder " + name);
  return std::filesystem::path(name);
}

// The connection, not the call. CANCELLED: by a coordinator that ends, as nobody here cancels.
bool IsBroken(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

bool IsRunning(FileSystem& files, const std::filesystem::path& state) {
  const auto lock = files.Lock(state / "lock");
  return !lock.ok() && lock.error().code == ErrorCode::kFailedPrecondition;
}

}  // namespace

Connection::Connection(Context& context, Profile profile,
                       const std::shared_ptr<grpc::Channel>& channel)
    : context_(context),
      profile_(std::move(profile)),
      channel_(channel),
      stub_(v1::SweepService::NewStub(channel)),
      access_stub_(v1::AccessService::NewStub(channel)),
      blobs_(v1::BlobService::NewStub(channel), profile_.token) {}

Connection::~Connection() {
  coordinator_.reset();
  if (!socket_folder_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(socket_folder_, ignored);
  }
}

Result<std::unique_ptr<Connection>> Connection::FromProfile(Context& context,
                                                            const std::filesystem::path& path) {
  Result<Profile> profile = LoadProfile(context.files, path);
  if (!profile.ok() && profile.error().code == ErrorCode::kNotFound) {
    return Unavailable("no coordinator is known: " + profile.error().message +
                       "; give --profile FILE (the coordinator's state folder has admin.json and "
                       "reader.json) or --dir of a tutti local");
  }
  // A profile that cannot be used is bad input, not a lack of rights there.
  if (!profile.ok()) return InvalidArgument(profile.error().message);
  TUTTI_ASSIGN_OR_RETURN(auto channel, OpenChannel(*profile));
  return std::unique_ptr<Connection>(
      new Connection(context, *std::move(profile), std::move(channel)));
}

Result<std::unique_ptr<Connection>> Connection::Open(Context& context) {
  if (!context.dir.empty() && !context.profile.empty()) {
    return InvalidArgument("--dir and --profile name two coordinators; give one of them");
  }
  if (!context.dir.empty()) {
    if (!context.files.Exists(context.dir / "coordinator")) {
      return InvalidArgument("--dir " + context.dir.string() +
                             ": nothing of tutti local is in that folder");
    }
    return OpenDir(context, context.dir);
  }
  if (!context.profile.empty()) return FromProfile(context, context.profile);
  if (const auto path = EnvironmentVariable("TUTTI_PROFILE")) return FromProfile(context, *path);
  TUTTI_ASSIGN_OR_RETURN(const auto folder, UserConfigFolder());
  return FromProfile(context, folder / "profile.json");
}

Result<std::unique_ptr<Connection>> Connection::OpenDir(Context& context,
                                                        const std::filesystem::path& dir) {
  const auto state = dir / "coordinator";
  TUTTI_RETURN_IF_ERROR(context.files.CreateDirectories(state, 0700));
  if (IsRunning(context.files, state)) return FromProfile(context, state / "admin.json");
  TUTTI_ASSIGN_OR_RETURN(const auto socket_folder, MakePrivateFolder());
  TUTTI_ASSIGN_OR_RETURN(
      auto coordinator,
      DaemonProcess::Start("tutti-coordinator",
                           {"--state", state.string(), "--socket",
                            (socket_folder / "coordinator.sock").string(), "--log-level", "warn"},
                           context.clock, context.interrupt));
  TUTTI_ASSIGN_OR_RETURN(auto connection, FromProfile(context, state / "admin.json"));
  connection->coordinator_ = std::move(coordinator);
  connection->socket_folder_ = socket_folder;
  return connection;
}

Status Connection::Attempt(const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  const SteadyTime begun = context_.clock.SteadyNow();
  Backoff backoff(context_.random, kFirstPause, kLongestPause);
  for (int tries = 1;; ++tries) {
    // gRPC reads the wall clock itself; only how long it may take is ours to say. Waiting is also
    // what makes it go on: calls that fail at once leave a handshake where it is.
    const auto limit = reached_ ? kReconnectLimit : kConnectLimit;
    const bool connected =
        channel_->WaitForConnected(gpr_time_from_millis(limit.count(), GPR_TIMESPAN));
    reached_ = reached_ || connected;
    grpc::ClientContext call_context;
    Authorize(call_context, profile_.token);
    call_context.set_deadline(gpr_time_from_seconds(kCallLimit.count(), GPR_TIMESPAN));
    const grpc::Status status = call(call_context);
    if (status.ok()) return {};
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) return AskForUpgrade();
    if (!IsBroken(status)) return FromGrpc(status);
    if (WaitForAnotherTry(tries, begun, backoff)) continue;
    if (reached_) {
      return Unavailable("the coordinator at " + profile_.address +
                         " was there and does not answer any more (" + status.error_message() +
                         "); give the same command again once it runs");
    }
    return Unavailable("no coordinator answers at " + profile_.address +
                       "; is tutti-coordinator running there, and is the profile the one it "
                       "wrote at its last start? (" +
                       status.error_message() + ")");
  }
}

Error Connection::AskForUpgrade() {
  grpc::ClientContext call;
  Authorize(call, profile_.token);
  call.set_deadline(gpr_time_from_seconds(kCallLimit.count(), GPR_TIMESPAN));
  v1::GetServerInfoResponse info;
  const bool told = stub_->GetServerInfo(&call, v1::GetServerInfoRequest(), &info).ok();
  return FailedPrecondition("the coordinator at " + profile_.address + " (release " +
                            (told ? info.version() : "unknown") +
                            ") does not know this command of tutti " + std::string(kVersion) +
                            "; upgrade the coordinator: both must be of one release");
}

bool Connection::WaitForAnotherTry(int tries, SteadyTime begun, Backoff& backoff) {
  const std::chrono::seconds patience = follows_ ? kReturnLimit : kPatience;
  const bool late = reached_ ? context_.clock.SteadyNow() >= begun + patience : tries >= kTries;
  if (late) return false;
  if (reached_ && !context_.quiet) {
    if (follows_ && tries == kTries) {
      std::cerr << "no coordinator answers at " << profile_.address << "; waiting for its return\n";
    } else if (!follows_ && tries == 1 && ::isatty(STDERR_FILENO) == 1) {
      std::cerr << "tutti: the coordinator does not answer; trying again for " << patience.count()
                << " s\n";
    }
  }
  return !context_.interrupt.Wait(backoff.Next());
}

}  // namespace tutti
