#include "common/service_notice.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "common/unique_fd.h"
#include "tests/support/notice_socket.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

TEST(ServiceNotice, ReachesASocketInAFolder) {
  const TempDir folder;
  const std::string address = (folder.path() / "notify").string();
  const UniqueFd manager = ListenForNotices(address);
  ASSERT_TRUE(SendServiceNotice(address, kServiceReady).ok());
  EXPECT_EQ(ReceiveNotice(manager), "READY=1");
}

TEST(ServiceNotice, ReachesAnAbstractSocket) {
  const TempDir folder;  // its name is this test's own
  const std::string address = "@" + folder.path().filename().string();
  const UniqueFd manager = ListenForNotices(address);
  ASSERT_TRUE(SendServiceNotice(address, kServiceStopping).ok());
  EXPECT_EQ(ReceiveNotice(manager), "STOPPING=1");
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
