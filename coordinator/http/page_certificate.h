// The certificate of the pages beyond this machine, which may be replaced while they are served.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "common/result.h"

namespace tutti {

// Thread-safe. Outlives every context that it was installed in.
class PageCertificate {
 public:
  // A chain is taken as it is: the server's own certificate first. kInvalidArgument: no certificate
  // with its key. New handshakes use it.
  Status Use(const std::string& certificate_pem, const std::string& key_pem);
  // From now on each handshake of `context` asks here. False: OpenSSL refuses.
  bool Install(SSL_CTX& context);

 private:
  struct Chain;
  static int Choose(SSL* connection, void* self);

  std::mutex mutex_;
  std::shared_ptr<const Chain> chain_;
};

}  // namespace tutti
