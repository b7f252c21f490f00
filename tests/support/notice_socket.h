// The socket on which a service manager hears its services (systemd's Type=notify).
#pragma once

#include <string>

#include "common/unique_fd.h"

namespace tutti {

// address: as in NOTIFY_SOCKET, a path or '@' and an abstract name; a failure of the test where
// nobody can listen there.
UniqueFd ListenForNotices(const std::string& address);

// The next notice that has come; "nothing" where none has.
std::string ReceiveNotice(const UniqueFd& socket);

}  // namespace tutti
