#include "tests/support/shown_certificate.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/free_with.h"

namespace tutti {
namespace {

using Context = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using Chain = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;

}  // namespace

std::string ShownCertificate(int port) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const Chain connection(BIO_new_ssl_connect(context.get()));
  BIO_set_conn_hostname(connection.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
  SSL* tls = nullptr;
  BIO_get_ssl(connection.get(), &tls);
  // gRPC serves nobody who does not ask for HTTP/2.
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(tls, kHttp2, sizeof(kHttp2));
  if (BIO_do_handshake(connection.get()) != 1) return "";
  const Certificate shown(SSL_get1_peer_certificate(tls));
  const Chain text(BIO_new(BIO_s_mem()));
  if (!shown || PEM_write_bio_X509(text.get(), shown.get()) != 1) return "";
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace tutti
