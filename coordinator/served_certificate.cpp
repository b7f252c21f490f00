#include "coordinator/served_certificate.h"

#include <string>
#include <system_error>
#include <utility>

#include <grpcpp/security/tls_credentials_options.h>

namespace tutti {
namespace {

constexpr unsigned kLookEverySeconds = 1;
constexpr char kCurrent[] = "current";
constexpr int kPrivate = 0600;

}  // namespace

Result<std::unique_ptr<ServedCertificate>> ServedCertificate::Create(FileSystem& files,
                                                                     std::filesystem::path folder,
                                                                     const CertificatePair& pair) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) return ErrnoError(error.value(), "remove " + folder.string());
  std::unique_ptr<ServedCertificate> served(new ServedCertificate(files, std::move(folder)));
  TUTTI_RETURN_IF_ERROR(served->Replace(pair));
  const auto current = served->folder_ / kCurrent;
  served->provider_ = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      (current / "key.pem").string(), (current / "certificate.pem").string(), kLookEverySeconds);
  return served;
}

// A new folder, and one rename of the link to it: nobody reads one file of each pair.
Status ServedCertificate::Replace(const CertificatePair& pair) {
  const std::string name = std::to_string(++generation_);
  const auto next = folder_ / name;
  TUTTI_RETURN_IF_ERROR(files_.CreateDirectories(next, 0700));
  TUTTI_RETURN_IF_ERROR(files_.WriteFileAtomically(next / "key.pem", pair.key_pem, kPrivate));
  TUTTI_RETURN_IF_ERROR(
      files_.WriteFileAtomically(next / "certificate.pem", pair.certificate_pem, kPrivate));
  std::error_code error;
  std::filesystem::create_directory_symlink(name, folder_ / "next", error);
  if (!error) std::filesystem::rename(folder_ / "next", folder_ / kCurrent, error);
  if (error) return ErrnoError(error.value(), "serve the certificate from " + next.string());
  std::filesystem::remove_all(folder_ / std::to_string(generation_ - 1), error);
  return {};
}

std::shared_ptr<grpc::ServerCredentials> ServedCertificate::Credentials() const {
  grpc::experimental::TlsServerCredentialsOptions options(provider_);
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace tutti
