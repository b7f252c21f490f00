#include "tests/support/notice_socket.h"

#include <cstddef>
#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/check.h"

namespace tutti {

UniqueFd ListenForNotices(const std::string& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  TUTTI_CHECK(address.size() < sizeof(name.sun_path), "a test's address is short");
  std::memcpy(name.sun_path, address.data(), address.size());
  if (address[0] == '@') name.sun_path[0] = '\0';
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), length), 0);
  return socket;
}

std::string ReceiveNotice(const UniqueFd& socket) {
  char text[256];
  const ssize_t size = ::recv(socket.get(), text, sizeof(text), MSG_DONTWAIT);
  return size < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(size));
}

}  // namespace tutti
