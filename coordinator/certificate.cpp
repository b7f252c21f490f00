#include "coordinator/certificate.h"

#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "common/free_with.h"

namespace tutti {
namespace {

constexpr long kValidSeconds = 10L * 365 * 86'400;
// Clocks of two machines may differ: the certificate is valid from a day before it was made.
constexpr long kBackdateSeconds = 86'400;

using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, FreeWith<BIO_free>>;

Error OpenSslError(const std::string& what) {
  char reason[256] = "no reason given";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, reason, sizeof(reason));
  }
  return Internal("certificate: " + what + ": " + reason);
}

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool Fill(X509* certificate, EVP_PKEY* key, const std::string& name, UnixMillis now) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1) return false;
  const time_t seconds = ToInt(now) / 1000;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), seconds - kBackdateSeconds) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), seconds + kValidSeconds) == nullptr) {
    return false;
  }
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         X509_set_pubkey(certificate, key) == 1 &&
         AddExtension(certificate, NID_subject_alt_name, "DNS:" + name) &&
         AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
         AddExtension(certificate, NID_ext_key_usage, "serverAuth") &&
         X509_sign(certificate, key, EVP_sha256()) != 0;
}

std::string Contents(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

Memory MemoryOf(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate ReadCertificate(const std::string& pem) {
  const Memory memory = MemoryOf(pem);
  return Certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
}

}  // namespace

Result<CertificatePair> MakeSelfSignedCertificate(const std::string& name, UnixMillis now) {
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return OpenSslError("make a P-256 key");
  const Certificate certificate(X509_new());
  if (!certificate || !Fill(certificate.get(), key.get(), name, now)) {
    return OpenSslError("make and sign the certificate");
  }
  const Memory certificate_text(BIO_new(BIO_s_mem()));
  const Memory key_text(BIO_new(BIO_s_mem()));
  if (!certificate_text || !key_text ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return OpenSslError("write as PEM");
  }
  return CertificatePair{Contents(certificate_text.get()), Contents(key_text.get())};
}

Status CheckCertificatePair(const CertificatePair& pair, const std::string& name) {
  const Certificate certificate = ReadCertificate(pair.certificate_pem);
  if (!certificate) return InvalidArgument("certificate.pem: expected a certificate in PEM");
  const Memory key_text = MemoryOf(pair.key_pem);
  const Key key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!key) return InvalidArgument("key.pem: expected a private key in PEM, without a password");
  const bool fits = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) return InvalidArgument("key.pem is not the key of certificate.pem: give both of one");
  if (X509_check_host(certificate.get(), name.c_str(), name.size(), 0, nullptr) != 1) {
    return InvalidArgument("certificate.pem: expected the name " + name +
                           " among its names (subjectAltName), by which clients know it");
  }
  return {};
}

bool IsValidAt(const CertificatePair& pair, UnixMillis now) {
  const Certificate certificate = ReadCertificate(pair.certificate_pem);
  time_t seconds = ToInt(now) / 1000;
  return certificate && X509_cmp_time(X509_get0_notBefore(certificate.get()), &seconds) < 0 &&
         X509_cmp_time(X509_get0_notAfter(certificate.get()), &seconds) > 0;
}

}  // namespace tutti
