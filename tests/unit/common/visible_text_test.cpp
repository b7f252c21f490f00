#include "common/visible_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "common/logging.h"

namespace tutti {
namespace {

TEST(VisibleText, WhatPeopleWriteStaysAsItIs) {
  const std::string text = "größe 日本 █ ± 🎵\n\tindented";
  EXPECT_EQ(Visible(text), text);
}

TEST(VisibleText, NothingThatATerminalObeysIsLeft) {
  EXPECT_EQ(Visible("\x1b[2Jgone\x1b]0;title\x07"), "^[[2Jgone^[]0;title^G");
  EXPECT_EQ(Visible("right\rwrong"), "right^Mwrong");
  EXPECT_EQ(Visible(std::string_view("a\0b\x7f", 4)), "a^@b^?");
  EXPECT_EQ(Visible("\xc2\x9b\x33m"), "<U+009B>3m") << "CSI in one character";
  EXPECT_EQ(Visible("\xe2\x80\xae"
                    "gpj.exe"),
            "<U+202E>gpj.exe");
}

TEST(VisibleText, BytesThatAreNoUtf8AreNamed) {
  EXPECT_EQ(Visible("a\x9b\xff"), "a<9B><FF>");
  EXPECT_EQ(Visible("\xc0\x9b"), "<C0><9B>") << "an overlong ESC";
  EXPECT_EQ(Visible("\xed\xa0\x80"), "<ED><A0><80>") << "a surrogate";
  EXPECT_EQ(Visible("cut \xe2\x96"), "cut <E2><96>");
}

TEST(VisibleText, OneLineIsOneLine) {
  EXPECT_EQ(OneLine("a\r\nb\tc"), "a  b c");
}

TEST(VisibleText, TheBeginningOfACharacterAtTheEndIsFound) {
  EXPECT_EQ(UnfinishedBytes("a"), 0U);
  EXPECT_EQ(UnfinishedBytes("a\xe2\x96"), 2U);
  EXPECT_EQ(UnfinishedBytes("\xe2\x96\x88"), 0U);
  EXPECT_EQ(UnfinishedBytes("\xf0\x9f\x8e"), 3U);
  EXPECT_EQ(UnfinishedBytes("\x96\x88\x96\x88"), 0U) << "nothing begins here";
  EXPECT_EQ(UnfinishedBytes(""), 0U);
}

TEST(VisibleText, Utf8IsToldFromOtherBytes) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("Bj\xc3\xb6rk \xf0\x9f\x8e\xb5"));
  for (const char* other : {"Bj\xf6rk", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(other)) << Visible(other);
  }
}

TEST(VisibleText, ADaemonsRecordSteersNoTerminal) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(InitLogging("tutti-worker", {}).ok());
  spdlog::warn("runner said {}", "\x1b[2J");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(testing::HasSubstr("warning tutti-worker: runner said ^[[2J\n"),
                             testing::Not(testing::HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace tutti
