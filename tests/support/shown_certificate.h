// What a TLS server shows to whoever connects.
#pragma once

#include <string>

namespace tutti {

// The certificate of the server on 127.0.0.1:port as PEM; empty where none is shown.
std::string ShownCertificate(int port);

}  // namespace tutti
