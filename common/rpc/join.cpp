#include "common/rpc/join.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <netdb.h>
#include <poll.h>

#include <grpc/support/time.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/backoff.h"
#include "common/free_with.h"
#include "common/hash.h"
#include "common/rpc/channel.h"
#include "common/rpc/host_port.h"
#include "common/unique_fd.h"
#include "tutti/v1/access.grpc.pb.h"

namespace tutti {
namespace {

constexpr int kConnectSeconds = 10;
constexpr int kCallSeconds = 10;
constexpr int kMostTries = 8;  // half a minute together
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{10'000};
constexpr std::size_t kTokenBytes = 32;

using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Memory = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using Context = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, FreeWith<SSL_free>>;

Result<UniqueFd> Connect(const std::string& address) {
  TUTTI_ASSIGN_OR_RETURN(const HostPort at, ParseHostPort("invite", address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &hints, &found);
  if (error != 0) return Unavailable(address + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, FreeWith<::freeaddrinfo>> addresses(found);
  const timeval limit{kConnectSeconds, 0};
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    UniqueFd socket(::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (::connect(socket.get(), one->ai_addr, one->ai_addrlen) == 0) return socket;
  }
  return Unavailable(ErrnoError(errno, "no coordinator answers at " + address).message +
                     "; is it running, and can this machine reach that port?");
}

std::string HashOf(X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(&certificate, &der);
  const std::string bytes(reinterpret_cast<const char*>(der),
                          static_cast<std::size_t>(size > 0 ? size : 0));
  OPENSSL_free(der);
  return Sha256Hex(bytes);
}

std::string PemOf(X509& certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), &certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

bool IsAway(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
}

// The role that the token has now.
Result<std::string> Redeem(v1::AccessService::Stub& stub, const InviteWord& word,
                           const Joiner& joiner) {
  v1::RedeemInviteRequest request;
  request.set_token_hash(Sha256Hex(joiner.token));
  request.set_name(joiner.name);
  request.set_worker_id(joiner.worker_id);
  v1::RedeemInviteResponse response;
  grpc::ClientContext context;
  Authorize(context, word.secret);
  context.set_deadline(gpr_time_from_seconds(kCallSeconds, GPR_TIMESPAN));
  context.set_wait_for_ready(true);
  const grpc::Status status = stub.RedeemInvite(&context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  return response.role();
}

// What the server there shows, whoever it is: nothing is trusted but the hash it is compared with.
Result<Certificate> FetchCertificate(const std::string& address) {
  TUTTI_ASSIGN_OR_RETURN(const UniqueFd socket, Connect(address));
  const Context context(SSL_CTX_new(TLS_client_method()));
  const Session session(context ? SSL_new(context.get()) : nullptr);
  if (!session) return Internal("OpenSSL cannot make a client");
  const unsigned char http2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(session.get(), http2, sizeof(http2));
  SSL_set_tlsext_host_name(session.get(), kCertificateName);
  SSL_set_fd(session.get(), socket.get());
  if (const int answer = SSL_connect(session.get()); answer != 1) {
    const bool is_late = SSL_get_error(session.get(), answer) == SSL_ERROR_WANT_READ;
    return Unavailable("what answers at " + address +
                       (is_late ? " has not answered for " + std::to_string(kConnectSeconds) +
                                      " s: is it a coordinator, and is it stopped or overloaded?"
                                : " does not speak TLS as a coordinator does"));
  }
  Certificate certificate(SSL_get1_peer_certificate(session.get()));
  if (!certificate) return Unavailable("what answers at " + address + " shows no certificate");
  return certificate;
}

}  // namespace

std::string NewToken(RandomSource& random) {
  return random.Hex(kTokenBytes);
}

Result<std::string> CertificateHash(const std::string& pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  if (!certificate) return InvalidArgument("expected a certificate in PEM");
  return HashOf(*certificate);
}

Result<Profile> Join(const InviteWord& word, const Joiner& joiner, RandomSource& random) {
  if ((word.role == "worker") != !joiner.worker_id.empty()) {
    return InvalidArgument(
        "this invite is for a " + word.role + ": " +
        (word.role == "worker" ? "use  tutti-worker join --dir DIR" : "use  tutti join"));
  }
  TUTTI_ASSIGN_OR_RETURN(const Certificate certificate, FetchCertificate(word.address));
  if (HashOf(*certificate) != word.certificate_hash) {
    return Unauthenticated("what answers at " + word.address +
                           " shows another certificate than the invite names: it is another "
                           "coordinator, or somebody in between; ask for a new invite");
  }
  Profile profile{word.address, PemOf(*certificate), joiner.token, word.role};
  TUTTI_ASSIGN_OR_RETURN(const auto channel, OpenChannel(profile));
  const auto stub = v1::AccessService::NewStub(channel);
  Backoff backoff(random, kFirstPause, kLongestPause);
  auto role = Redeem(*stub, word, joiner);
  for (int tries = 1; !role.ok() && IsAway(role.error()) && tries < kMostTries; ++tries) {
    ::poll(nullptr, 0, static_cast<int>(backoff.Next().count()));
    role = Redeem(*stub, word, joiner);
  }
  if (!role.ok()) return role.error();
  profile.role = *role;
  return profile;
}

}  // namespace tutti
