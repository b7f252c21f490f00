#include "coordinator/store/network_file_system.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

constexpr std::int64_t kNfs = 0x6969;
constexpr std::int64_t kCifs = 0xFF534D42;
constexpr std::int64_t kSmb2 = 0xFE534D42;
constexpr std::int64_t kPlan9 = 0x01021997;
constexpr std::int64_t kFuse = 0x65735546;
constexpr std::int64_t kExt4 = 0xEF53;
constexpr std::int64_t kTmpfs = 0x01021994;

TEST(NetworkFileSystem, SharedOnesAreNamed) {
  EXPECT_EQ(NetworkFileSystemName(kNfs, ""), "NFS");
  EXPECT_EQ(NetworkFileSystemName(kCifs, ""), "SMB");
  EXPECT_EQ(NetworkFileSystemName(kSmb2, ""), "SMB");
  EXPECT_EQ(NetworkFileSystemName(kPlan9, ""), "9p");
}

TEST(NetworkFileSystem, LocalOnesHaveNoName) {
  EXPECT_EQ(NetworkFileSystemName(kExt4, ""), std::nullopt);
  EXPECT_EQ(NetworkFileSystemName(kTmpfs, ""), std::nullopt);
}

TEST(NetworkFileSystem, FuseIsToldApartByItsMount) {
  EXPECT_EQ(NetworkFileSystemName(kFuse, "fuse.sshfs"), "fuse.sshfs");
  EXPECT_EQ(NetworkFileSystemName(kFuse, "virtiofs"), "virtiofs");
  EXPECT_EQ(NetworkFileSystemName(kFuse, ""), "FUSE");
  EXPECT_EQ(NetworkFileSystemName(kFuse, "fuseblk"), std::nullopt);
  EXPECT_EQ(NetworkFileSystemName(kFuse, "fuse.fuse-overlayfs"), std::nullopt);
}

TEST(NetworkFileSystem, AMountIsFoundByItsDevice) {
  constexpr std::string_view kMounts =
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "40 22 0:35 / /mnt/a\\040b rw,nosuid shared:2 master:3 - fuse.sshfs me@host:/ rw,user_id=0\n"
      "41 22 0:36 / /mnt/c rw - 9p share rw\n";
  EXPECT_EQ(MountType(kMounts, 8, 1), "ext4");
  EXPECT_EQ(MountType(kMounts, 0, 35), "fuse.sshfs");
  EXPECT_EQ(MountType(kMounts, 0, 36), "9p");
  EXPECT_EQ(MountType(kMounts, 0, 3), "");
  EXPECT_EQ(MountType("40 22 0:35", 0, 35), "");
}

TEST(NetworkFileSystem, ALocalFolderIsFine) {
  const TempDir folder;
  EXPECT_TRUE(IsOk(RefuseNetworkFileSystem(folder.path())));
  EXPECT_TRUE(FailsWith(RefuseNetworkFileSystem(folder / "no"), ErrorCode::kNotFound, "no"));
}

}  // namespace
}  // namespace tutti
