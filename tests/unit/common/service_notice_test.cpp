#include "common/service_notice.h"

#include <cstddef>
#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

// A datagram socket as a service manager has one. address: as in NOTIFY_SOCKET.
UniqueFd ListenAs(const std::string& address) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, address.data(), address.size());
  if (address[0] == '@') name.sun_path[0] = '\0';
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), length), 0);
  return socket;
}

std::string Receive(const UniqueFd& socket) {
  char text[256];
  const ssize_t size = ::recv(socket.get(), text, sizeof(text), MSG_DONTWAIT);
  return size < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(size));
}

TEST(ServiceNotice, ReachesASocketInAFolder) {
  const TempDir folder;
  const std::string address = (folder.path() / "notify").string();
  const UniqueFd manager = ListenAs(address);
  ASSERT_TRUE(SendServiceNotice(address, kServiceReady).ok());
  EXPECT_EQ(Receive(manager), "READY=1");
}

TEST(ServiceNotice, ReachesAnAbstractSocket) {
  const TempDir folder;  // its name is this test's own
  const std::string address = "@" + folder.path().filename().string();
  const UniqueFd manager = ListenAs(address);
  ASSERT_TRUE(SendServiceNotice(address, kServiceStopping).ok());
  EXPECT_EQ(Receive(manager), "STOPPING=1");
}

TEST(ServiceNotice, SaysWhoDoesNotListen) {
  const TempDir folder;
  const auto sent = SendServiceNotice((folder.path() / "nobody").string(), kServiceReady);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(sent.error().message.find("nobody"), std::string::npos);
}

TEST(ServiceNotice, RefusesWhatIsNoAddress) {
  for (const std::string& address :
       {std::string("relative"), std::string("@"), "/" + std::string(200, 'x')}) {
    const auto sent = SendServiceNotice(address, kServiceReady);
    ASSERT_FALSE(sent.ok()) << address;
    EXPECT_EQ(sent.error().code, ErrorCode::kInvalidArgument) << address;
  }
}

TEST(ServiceNotice, WithoutAServiceManagerNothingIsDone) {
  ::unsetenv("NOTIFY_SOCKET");
  TellServiceManager(kServiceReady);
}

}  // namespace
}  // namespace tutti
