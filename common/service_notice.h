// Tells the service manager (systemd's Type=notify) what a daemon is about.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

inline constexpr std::string_view kServiceReady = "READY=1";
inline constexpr std::string_view kServiceStopping = "STOPPING=1";

// Sends one notice to the datagram socket at `address`; a leading '@' means an abstract name.
// kInvalidArgument: no absolute path or abstract name, or too long. kUnavailable: nobody reads it.
// Source: sd_notify(3), section "Notes".
Status SendServiceNotice(const std::string& address, std::string_view notice);

// The same to the one that started this process ($NOTIFY_SOCKET); none: nothing is done. A failure
// is logged, since a daemon serves as well without its manager's knowing. Any thread.
void TellServiceManager(std::string_view notice);

}  // namespace tutti
