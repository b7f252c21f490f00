// A connection to the coordinator, made from a profile.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "common/result.h"
#include "common/rpc/profile.h"

namespace tutti {

// The name in every coordinator's certificate: clients check the pinned certificate against it,
// whatever the address is.
inline constexpr char kCertificateName[] = "tutti-coordinator";

// gRPC messages larger than this are refused by both sides.
inline constexpr int kMaxMessageBytes = 64 << 20;
// Blobs travel in pieces of this size.
inline constexpr std::size_t kBlobPieceBytes = 1 << 20;

// A connection whose other side has vanished without a word is given up by either side after the
// sum of these. Pings are sent while a call is open, also where nothing else moves; by the
// coordinator also without calls.
inline constexpr std::chrono::milliseconds kKeepaliveInterval{10'000};
inline constexpr std::chrono::milliseconds kKeepaliveTimeout{10'000};

// TLS with the pinned certificate and keep-alive, or a unix socket. Connects lazily; thread-safe.
// kInvalidArgument: an address that is neither.
Result<std::shared_ptr<grpc::Channel>> OpenChannel(const Profile& profile);

// Puts the token into the call's metadata ("authorization: Bearer …").
void Authorize(grpc::ClientContext& context, const std::string& token);

// gRPC's status as our error and back; the codes have the same names. Unavailable: says that no
Error FromGrpc(const grpc::Status& status);
grpc::Status ToGrpc(const Error& error);

}  // namespace tutti
