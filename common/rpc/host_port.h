// HOST:PORT, as options name where to listen.
#pragma once

#include <string>

#include "common/result.h"

namespace tutti {

struct HostPort {
  std::string host;  // of "[::1]:7771" without the brackets
  int port = 0;      // 0: any free one
};

// option: names it in the message ("--listen"). kInvalidArgument: not HOST:PORT.
Result<HostPort> ParseHostPort(const std::string& option, const std::string& text);

// HOST:PORT, with brackets where the host has colons.
std::string JoinHostPort(const std::string& host, int port);

// 127.*, ::1, localhost: nobody on another machine can reach it.
bool IsLoopback(const std::string& host);

}  // namespace tutti
