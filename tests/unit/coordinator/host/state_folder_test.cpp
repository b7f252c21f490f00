#include "coordinator/state_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/hash.h"
#include "common/rpc/profile.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

constexpr UnixMillis kNow{1'790'000'000'000};

class StateFolderTest : public testing::Test {
 protected:
  std::unique_ptr<StateFolder> Open() {
    auto folder = StateFolder::Open(files_, dir_ / "state");
    EXPECT_TRUE(IsOk(folder));
    return folder.ok() ? *std::move(folder) : nullptr;
  }
  Profile Load(const std::string& name) {
    const auto profile = LoadProfile(files_, dir_ / "state" / name);
    EXPECT_TRUE(IsOk(profile));
    return profile.ok() ? *profile : Profile{};
  }

  // What is stored after these changes.
  static std::vector<TokenRecord> Stored(const Changes& changes) {
    std::vector<TokenRecord> tokens;
    for (const Change& change : changes) {
      if (const auto* put = std::get_if<PutToken>(&change)) tokens.push_back(put->row);
    }
    return tokens;
  }

  TempDir dir_;
  PosixFileSystem files_;
  SystemRandom random_;
};

TEST_F(StateFolderTest, ASecondCoordinatorIsRefusedWhileTheFirstRuns) {
  const auto first = Open();
  EXPECT_TRUE(FailsWith(StateFolder::Open(files_, dir_ / "state"), ErrorCode::kFailedPrecondition,
                        "another coordinator is running"));
}

TEST_F(StateFolderTest, TheFolderIsFreeAgainWhenTheFirstEnds) {
  Open().reset();
  EXPECT_NE(Open(), nullptr);
}

TEST_F(StateFolderTest, ProfilesArePrivateAndHoldTheAddress) {
  const auto folder = Open();
  EXPECT_EQ(folder->ChooseTokens({}, random_, kNow).size(), 3u);
  ASSERT_TRUE(IsOk(folder->WriteProfiles("host:7770", "PEM")));
  EXPECT_EQ(Load("admin.json").address, "host:7770");
  EXPECT_EQ(Load("admin.json").role, "admin");
  EXPECT_EQ(Load("reader.json").role, "reader");
  EXPECT_EQ(Load("worker.json").role, "enrol");
  struct stat info{};
  ASSERT_EQ(::stat((dir_ / "state" / "admin.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(StateFolderTest, TokensStayTheSameOverStartsWhileTheStoreKnowsThem) {
  auto folder = Open();
  const auto first = Stored(folder->ChooseTokens({}, random_, kNow));
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  const std::string token = Load("admin.json").token;
  folder.reset();

  folder = Open();
  EXPECT_TRUE(folder->ChooseTokens(first, random_, kNow).empty());
  ASSERT_TRUE(IsOk(folder->WriteProfiles("b:2", "PEM")));
  EXPECT_EQ(Load("admin.json").token, token);
  EXPECT_EQ(Load("admin.json").address, "b:2");
}

TEST_F(StateFolderTest, ATokenThatTheStoreHasForgottenIsReplaced) {
  auto folder = Open();
  folder->ChooseTokens({}, random_, kNow);
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  const std::string token = Load("admin.json").token;
  folder.reset();

  folder = Open();
  EXPECT_EQ(folder->ChooseTokens({}, random_, kNow).size(), 3u);
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  EXPECT_NE(Load("admin.json").token, token);
}

TEST_F(StateFolderTest, WhoRemovesAProfileEndsItsTokenAndNoOther) {
  auto folder = Open();
  std::vector<TokenRecord> known = Stored(folder->ChooseTokens({}, random_, kNow));
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  const std::string leaked = Load("admin.json").token;
  known.push_back({"of anna", Role::kAdmin, "anna", std::nullopt, kNow});
  folder.reset();
  std::filesystem::remove(dir_ / "state" / "admin.json");

  folder = Open();
  const Changes changes = folder->ChooseTokens(known, random_, kNow);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(std::get<RemoveToken>(changes[0]).token_hash, Sha256Hex(leaked));
  EXPECT_EQ(std::get<PutToken>(changes[1]).row.role, Role::kAdmin);
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  EXPECT_EQ(std::get<PutToken>(changes[1]).row.token_hash, Sha256Hex(Load("admin.json").token));
}

TEST_F(StateFolderTest, AProfileThatOthersCouldReadKeepsItsTokenAndIsPrivateAgain) {
  auto folder = Open();
  const auto known = Stored(folder->ChooseTokens({}, random_, kNow));
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  const std::string token = Load("worker.json").token;
  folder.reset();
  ASSERT_EQ(::chmod((dir_ / "state" / "worker.json").c_str(), 0660), 0);

  folder = Open();
  EXPECT_TRUE(folder->ChooseTokens(known, random_, kNow).empty());
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  EXPECT_EQ(Load("worker.json").token, token) << "which is private, else it could not be loaded";
}

TEST_F(StateFolderTest, OnlyHashesOfTokensAreHandedToTheStore) {
  const auto folder = Open();
  const auto added = Stored(folder->ChooseTokens({}, random_, kNow));
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  EXPECT_EQ(added[0].token_hash, Sha256Hex(Load("admin.json").token));
}

TEST_F(StateFolderTest, ThePortIsRemembered) {
  const auto folder = Open();
  EXPECT_EQ(folder->RememberedPort(), 0);
  ASSERT_TRUE(IsOk(folder->RememberPort(40123)));
  EXPECT_EQ(folder->RememberedPort(), 40123);
}

TEST_F(StateFolderTest, HalfAPairIsToldAndNeverWrittenOver) {
  const auto folder = Open();
  for (const auto& [there, missing] :
       {std::pair("certificate.pem", "key.pem"), std::pair("key.pem", "certificate.pem")}) {
    const auto path = dir_ / "state" / there;
    ASSERT_TRUE(IsOk(files_.WriteFileAtomically(path, "the user's own", 0600)));
    const auto refused = folder->Certificate(kNow);
    EXPECT_TRUE(FailsWith(refused, ErrorCode::kFailedPrecondition, missing));
    EXPECT_TRUE(FailsWith(refused, ErrorCode::kFailedPrecondition, "or move it away"));
    EXPECT_EQ(*files_.ReadFile(path), "the user's own");
    EXPECT_FALSE(std::filesystem::exists(dir_ / "state" / missing));
    std::filesystem::remove(path);
  }
  EXPECT_TRUE(IsOk(folder->Certificate(kNow)));
}

TEST_F(StateFolderTest, TheCertificateIsMadeOnce) {
  const auto folder = Open();
  const auto first = folder->Certificate(kNow);
  ASSERT_TRUE(IsOk(first));
  const auto second = folder->Certificate(kNow);
  ASSERT_TRUE(IsOk(second));
  EXPECT_EQ(first->certificate_pem, second->certificate_pem);
  EXPECT_EQ(first->key_pem, second->key_pem);
}

TEST_F(StateFolderTest, AProfileThatOthersCanReadIsRefusedWithTheRemedy) {
  const auto folder = Open();
  folder->ChooseTokens({}, random_, kNow);
  ASSERT_TRUE(IsOk(folder->WriteProfiles("a:1", "PEM")));
  const auto path = dir_ / "state" / "admin.json";
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_TRUE(FailsWith(LoadProfile(files_, path), ErrorCode::kPermissionDenied, "chmod 600"));
}

}  // namespace
}  // namespace tutti
