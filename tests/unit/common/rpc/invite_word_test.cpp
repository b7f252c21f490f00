#include "common/rpc/invite_word.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

const InviteWord kWord{"head.example:7770", std::string(64, 'a'), "0123456789abcdef", "worker"};

TEST(InviteWord, IsReadBackAlsoWithSpacesAroundIt) {
  const auto read = ReadInviteWord("\n  " + WriteInviteWord(kWord) + " \r\n");
  ASSERT_TRUE(IsOk(read));
  EXPECT_EQ(*read, kWord);
}

TEST(InviteWord, NeedsNoQuotesInAShell) {
  EXPECT_EQ(WriteInviteWord(kWord).find_first_not_of(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
            std::string::npos);
}

TEST(InviteWord, IsRefusedWhereALetterIsMissingOrAnother) {
  const std::string word = WriteInviteWord(kWord);
  for (std::size_t i = 0; i < word.size(); ++i) {
    std::string cut = word;
    cut.erase(i, 1);
    EXPECT_FALSE(ReadInviteWord(cut).ok()) << i;
    std::string other = word;
    other[i] = other[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(ReadInviteWord(other).ok()) << i;
  }
  EXPECT_FALSE(ReadInviteWord("").ok());
  EXPECT_FALSE(ReadInviteWord("tutti-").ok());
}

}  // namespace
}  // namespace tutti
