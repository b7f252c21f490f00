#include "cli/connection.h"

#include <cerrno>
#include <stdlib.h>

#include "common/environment.h"
#include "common/rpc/channel.h"

namespace tutti {
namespace {

constexpr int kTries = 5;
constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::seconds kCallLimit{300};

// A folder of mode 0700 that nobody else had.
Result<std::filesystem::path> MakePrivateFolder() {
  std::string name = (RuntimeFolder() / "tutti-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return ErrnoError(errno, "make a folder " + name);
  return std::filesystem::path(name);
}

bool IsRunning(FileSystem& files, const std::filesystem::path& state) {
  const auto lock = files.Lock(state / "lock");
  return !lock.ok() && lock.error().code == ErrorCode::kFailedPrecondition;
}

}  // namespace

Connection::Connection(Context& context, Profile profile, std::shared_ptr<grpc::Channel> channel)
    : context_(context),
      profile_(std::move(profile)),
      stub_(v1::SweepService::NewStub(channel)),
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
  std::chrono::milliseconds pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext call_context;
    Authorize(call_context, profile_.token);
    // gRPC reads the wall clock itself; only how long it may take is ours to say.
    call_context.set_deadline(gpr_time_from_seconds(kCallLimit.count(), GPR_TIMESPAN));
    const grpc::Status status = call(call_context);
    if (status.ok()) return {};
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return FromGrpc(status);
    if (attempt == kTries || context_.interrupt.Wait(pause)) {
      return Unavailable("no coordinator answers at " + profile_.address +
                         "; is tutti-coordinator running there, and is the profile the one it "
                         "wrote at its last start? (" +
                         status.error_message() + ")");
    }
    pause *= 2;
  }
}

}  // namespace tutti
