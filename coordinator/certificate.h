// The coordinator's own TLS certificate, made at its first start.
#pragma once

#include <string>

#include "common/clock.h"
#include "common/result.h"

namespace tutti {

struct CertificatePair {
  std::string certificate_pem;
  std::string key_pem;

  friend bool operator==(const CertificatePair&, const CertificatePair&) = default;
};

// Self-signed, P-256, for the name `name`, valid for ten years from `now`. kInternal: OpenSSL's
// reason.
Result<CertificatePair> MakeSelfSignedCertificate(const std::string& name, UnixMillis now);

// Whether a server can serve it and clients will take it. kInvalidArgument, naming both files:
// no PEM, a key that is not the certificate's, a certificate without `name`.
Status CheckCertificatePair(const CertificatePair& pair, const std::string& name);

// Whether it is valid at `now`: false before and after.
bool IsValidAt(const CertificatePair& pair, UnixMillis now);

}  // namespace tutti
