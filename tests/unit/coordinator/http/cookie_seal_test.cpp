#include "coordinator/http/cookie_seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

constexpr UnixMillis kNow{1'000};
constexpr UnixMillis kLater{2'000};

class CookieSealTest : public testing::Test {
 protected:
  SystemRandom random_;
  CookieSeal seal_{std::string(CookieSeal::kKeyBytes, 'k'), random_};
};

TEST_F(CookieSealTest, GivesTheTokenBackUntilItsTimeIsOver) {
  const auto cookie = seal_.Seal("a token", kLater);
  ASSERT_TRUE(IsOk(cookie));
  EXPECT_EQ(*seal_.Open(*cookie, kNow), "a token");
  EXPECT_EQ(seal_.Open(*cookie, kLater).error().code, ErrorCode::kUnauthenticated);
}

TEST_F(CookieSealTest, TellsNothingOfTheTokenAndIsAnotherEachTime) {
  const std::string first = *seal_.Seal("a token", kLater);
  EXPECT_THAT(*BytesFromHex(first), testing::Not(testing::HasSubstr("token")));
  EXPECT_NE(first, *seal_.Seal("a token", kLater));
}

TEST_F(CookieSealTest, RefusesEveryChangedDigitAndOtherKeys) {
  const std::string cookie = *seal_.Seal("a token", kLater);
  for (std::size_t i = 0; i < cookie.size(); ++i) {
    std::string changed = cookie;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(seal_.Open(changed, kNow).ok()) << "digit " << i;
  }
  const CookieSeal other(std::string(CookieSeal::kKeyBytes, 'x'), random_);
  EXPECT_FALSE(other.Open(cookie, kNow).ok());
}

TEST_F(CookieSealTest, RefusesWhatIsNoCookieAtAll) {
  for (const char* text :
       {"", "00", "xyz", "0", "00000000000000000000000000000000000000000000000000000000"}) {
    EXPECT_FALSE(seal_.Open(text, kNow).ok()) << text;
  }
}

}  // namespace
}  // namespace tutti
