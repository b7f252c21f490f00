#include "common/rpc/channel.h"

#include <array>
#include <utility>

#include "common/rpc/session_protocol.h"

namespace tutti {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kMaxReconnectBackoffMs = 5'000;
// A connect that takes longer, TLS included, has reached nobody and is tried anew.
constexpr int kConnectLimitMs = 8'000;

constexpr std::array<std::pair<ErrorCode, grpc::StatusCode>, 14> kCodes{{
    {ErrorCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    {ErrorCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    {ErrorCode::kFailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
    {ErrorCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    {ErrorCode::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED},
    {ErrorCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {ErrorCode::kDataLoss, grpc::StatusCode::DATA_LOSS},
    {ErrorCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {ErrorCode::kAborted, grpc::StatusCode::ABORTED},
    {ErrorCode::kCancelled, grpc::StatusCode::CANCELLED},
    {ErrorCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    {ErrorCode::kUnimplemented, grpc::StatusCode::UNIMPLEMENTED},
    {ErrorCode::kInternal, grpc::StatusCode::INTERNAL},
}};

}  // namespace

Result<std::shared_ptr<grpc::Channel>> OpenChannel(const Profile& profile) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(kKeepaliveInterval.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(kKeepaliveTimeout.count()));
  // Else a call that waits long for its answer is pinged twice and then never again.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectLimitMs);
  // A channel of its own even where another in this process has the same arguments.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (profile.address.starts_with(kUnixPrefix)) {
    return grpc::CreateCustomChannel(profile.address, grpc::InsecureChannelCredentials(),
                                     arguments);
  }
  if (profile.certificate.empty() || profile.address.find(':') == std::string::npos) {
    return InvalidArgument(
        "profile: expected an address host:port with a certificate, or "
        "unix:PATH; got address \"" +
        profile.address + "\"" + (profile.certificate.empty() ? " without a certificate" : ""));
  }
  arguments.SetSslTargetNameOverride(kCertificateName);
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = profile.certificate;
  return grpc::CreateCustomChannel(profile.address, grpc::SslCredentials(tls), arguments);
}

void Authorize(grpc::ClientContext& context, const std::string& token) {
  context.AddMetadata("authorization", "Bearer " + token);
  context.AddMetadata(kClientProtocolKey, std::to_string(kClientProtocol));
}

Error FromGrpc(const grpc::Status& status) {
  for (const auto& [ours, theirs] : kCodes) {
    if (theirs == status.error_code()) return {ours, status.error_message()};
  }
  return {ErrorCode::kInternal, status.error_message()};
}

grpc::Status ToGrpc(const Error& error) {
  for (const auto& [ours, theirs] : kCodes) {
    if (ours == error.code) return {theirs, error.message};
  }
  return {grpc::StatusCode::INTERNAL, error.message};
}

}  // namespace tutti
