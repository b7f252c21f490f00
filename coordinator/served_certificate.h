// The certificate that new connections are shown, which may be replaced while the server runs:
// connections that stand keep the one they began with.
#pragma once

#include <filesystem>
#include <memory>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>

#include "common/file_system.h"
#include "common/result.h"
#include "coordinator/certificate.h"

namespace tutti {

// gRPC takes a new pair from files alone, so that this one lies there a second time, below
// `folder`, both of its files appearing at once. It looks for a new one every second.
class ServedCertificate {
 public:
  // folder: of this object alone; what lies in it goes.
  static Result<std::unique_ptr<ServedCertificate>> Create(FileSystem& files,
                                                           std::filesystem::path folder,
                                                           const CertificatePair& pair);

  // From a second later on at most. The pair must fit together (CheckCertificatePair).
  Status Replace(const CertificatePair& pair);
  // For grpc::ServerBuilder; keeps what it needs.
  std::shared_ptr<grpc::ServerCredentials> Credentials() const;

 private:
  ServedCertificate(FileSystem& files, std::filesystem::path folder)
      : files_(files), folder_(std::move(folder)) {}

  FileSystem& files_;
  const std::filesystem::path folder_;
  int generation_ = 0;
  std::shared_ptr<grpc::experimental::CertificateProviderInterface> provider_;
};

}  // namespace tutti
