#include "coordinator/rpc/revocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TokenRecord Worker(const std::string& id, const std::string& enrolled_as) {
  return {"hash of " + id, Role::kWorker, enrolled_as, WorkerId{id}, UnixMillis{1}};
}

TokenRecord Person(const std::string& name, Role role, const std::string& hash) {
  return {hash, role, name, std::nullopt, UnixMillis{1}};
}

std::vector<std::string> HashesOf(const std::vector<TokenRecord>& all, const WorkerNames& shown,
                                  const std::string& word) {
  const auto tokens = TokensToRevoke(all, shown, word);
  EXPECT_TRUE(IsOk(tokens));
  std::vector<std::string> hashes;
  if (tokens.ok()) {
    for (const TokenRecord& token : *tokens) hashes.push_back(token.token_hash);
  }
  return hashes;
}

TEST(Revocation, AWorkerIsFoundByTheNameThatItShowsAndNotByTheOneItHadOnce) {
  const std::vector<TokenRecord> all{Worker("w1", "old"), Worker("w2", "new")};
  const WorkerNames shown{{WorkerId{"w1"}, "gpu1"}, {WorkerId{"w2"}, "old"}};
  EXPECT_THAT(HashesOf(all, shown, "gpu1"), ElementsAre("hash of w1"));
  EXPECT_THAT(HashesOf(all, shown, "old"), ElementsAre("hash of w2"));
  EXPECT_THAT(HashesOf(all, shown, "w1"), ElementsAre("hash of w1"));
  EXPECT_TRUE(FailsWith(TokensToRevoke(all, shown, "new"), ErrorCode::kNotFound, "\"new\""));
}

TEST(Revocation, AWorkerThatNeverConnectedIsFoundByTheNameOfItsEnrolment) {
  EXPECT_THAT(HashesOf({Worker("w1", "gpu1")}, {}, "gpu1"), ElementsAre("hash of w1"));
}

TEST(Revocation, ANameThatSeveralHaveIsRefusedWithTheirIds) {
  const std::vector<TokenRecord> all{Worker("w1", "gpu"), Worker("w2", "gpu"),
                                     Person("anna", Role::kReader, "a"), Worker("w3", "anna")};
  EXPECT_TRUE(FailsWith(TokensToRevoke(all, {}, "gpu"), ErrorCode::kFailedPrecondition,
                        "give the id of one: w1, w2"));
  EXPECT_TRUE(FailsWith(TokensToRevoke(all, {}, "anna"), ErrorCode::kFailedPrecondition, "w3"));
  EXPECT_THAT(HashesOf(all, {}, "w3"), ElementsAre("hash of w3"));
}

TEST(Revocation, AllTokensOfAPersonEndTogether) {
  const std::vector<TokenRecord> all{Person("anna", Role::kReader, "a"),
                                     Person("anna", Role::kAdmin, "b"),
                                     Person("boss", Role::kAdmin, "c")};
  EXPECT_THAT(HashesOf(all, {}, "anna"), UnorderedElementsAre("a", "b"));
}

TEST(Revocation, TheCoordinatorsOwnAdminProfileStaysAndNobodyElseCanHaveItsName) {
  const std::vector<TokenRecord> all{Person("admin", Role::kAdmin, "own"),
                                     Person("reader", Role::kReader, "r")};
  EXPECT_TRUE(FailsWith(TokensToRevoke(all, {}, "admin"), ErrorCode::kFailedPrecondition,
                        "remove admin.json"));
  EXPECT_THAT(HashesOf(all, {}, "reader"), ElementsAre("r"));
  for (const char* name : {"admin", "reader", "worker", "enrol", "invited"}) {
    EXPECT_TRUE(IsReservedName(name)) << name;
  }
  EXPECT_FALSE(IsReservedName("anna@desk"));
}

}  // namespace
}  // namespace tutti
