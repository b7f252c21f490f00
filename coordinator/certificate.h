// The coordinator's own TLS certificate, made at its first start.
#pragma once

#include <string>

#include "common/clock.h"
#include "common/result.h"

namespace tutti {

struct CertificatePair {
  std::string certificate_pem;
  std::string key_pem;
};

// Self-signed, P-256, for the name `name`, valid for ten years from `now`. kInternal: OpenSSL's
// reason.
Result<CertificatePair> MakeSelfSignedCertificate(const std::string& name, UnixMillis now);

}  // namespace tutti
