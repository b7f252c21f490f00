#include "coordinator/http/page_certificate.h"

#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/free_with.h"

namespace tutti {
namespace {

using Memory = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;

Memory MemoryOf(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

struct PageCertificate::Chain {
  Certificate own;
  Key key;
  std::vector<Certificate> above;
};

Status PageCertificate::Use(const std::string& certificate_pem, const std::string& key_pem) {
  const auto chain = std::make_shared<Chain>();
  const Memory certificates = MemoryOf(certificate_pem);
  chain->own.reset(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
  const Memory key_text = MemoryOf(key_pem);
  chain->key.reset(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!chain->own || !chain->key ||
      X509_check_private_key(chain->own.get(), chain->key.get()) != 1) {
    ERR_clear_error();
    return InvalidArgument("--http: the coordinator's certificate or its key cannot be used");
  }
  while (X509* next = PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr)) {
    chain->above.emplace_back(next);
  }
  ERR_clear_error();
  const std::lock_guard lock(mutex_);
  chain_ = chain;
  return {};
}

bool PageCertificate::Install(SSL_CTX& context) {
  SSL_CTX_set_cert_cb(&context, &PageCertificate::Choose, this);
  return SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION) == 1;
}

int PageCertificate::Choose(SSL* connection, void* self) {
  auto& certificate = *static_cast<PageCertificate*>(self);
  std::shared_ptr<const Chain> chain;
  {
    const std::lock_guard lock(certificate.mutex_);
    chain = certificate.chain_;
  }
  if (!chain || SSL_use_certificate(connection, chain->own.get()) != 1 ||
      SSL_use_PrivateKey(connection, chain->key.get()) != 1) {
    return 0;
  }
  for (const Certificate& above : chain->above) {
    if (SSL_add1_chain_cert(connection, above.get()) != 1) return 0;
  }
  return 1;
}

}  // namespace tutti
