#include "common/json.h"

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

TEST(Json, WhatIsNoJsonIsNamed) {
  EXPECT_TRUE(FailsWith(ParseJson("{\"a\":", "profile x.json"), ErrorCode::kInvalidArgument,
                        "profile x.json: not valid JSON"));
  EXPECT_TRUE(FailsWith(ParseJson("", "line"), ErrorCode::kInvalidArgument, "line"));
  EXPECT_TRUE(FailsWith(ParseJson("1 2", "line"), ErrorCode::kInvalidArgument, "line"));
}

TEST(Json, NestingIsTakenUpToTheLimitAndRefusedBeyond) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(IsOk(ParseJson(nested(kMaxJsonDepth), "x")));
  EXPECT_TRUE(FailsWith(ParseJson(nested(kMaxJsonDepth + 1), "x"), ErrorCode::kInvalidArgument,
                        "nested deeper than 64 levels"));
  EXPECT_TRUE(FailsWith(ParseJson(std::string(10'000'000, '['), "x"), ErrorCode::kInvalidArgument,
                        "nested deeper"));
}

TEST(Json, BracketsInsideStringsAreNoNesting) {
  EXPECT_TRUE(IsOk(
      ParseJson("[\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"]", "x")));
}

TEST(Json, EqualValuesHaveOneText) {
  const auto a = ParseJson(R"({ "b": 1, "a": [1.5, null] })", "a");
  const auto b = ParseJson(R"({"a":[1.5,null],"b":1})", "b");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(DumpJson(*a), R"({"a":[1.5,null],"b":1})");
  EXPECT_EQ(DumpJson(*a), DumpJson(*b));
}

TEST(Json, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(DumpJson(Json("a\xff")), "\"a\xEF\xBF\xBD\"");
}

TEST(JsonField, IsTakenByNameAndType) {
  const Json object = {{"flag", true}, {"count", 7},        {"share", 0.5},
                       {"name", "x"},  {"list", {1, 2, 3}}, {"nothing", nullptr}};
  EXPECT_EQ(*Field<bool>(object, "flag", "o"), true);
  EXPECT_EQ(*Field<std::int64_t>(object, "count", "o"), 7);
  EXPECT_EQ(*Field<double>(object, "share", "o"), 0.5);
  EXPECT_EQ(*Field<double>(object, "count", "o"), 7.0);
  EXPECT_EQ(*Field<std::string>(object, "name", "o"), "x");
  EXPECT_EQ(*Field<std::vector<std::int64_t>>(object, "list", "o"),
            (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(*Field<Json>(object, "nothing", "o"), Json());
}

TEST(JsonField, WhatIsMissingOrOfAnotherTypeIsNamed) {
  const Json object = {{"count", 1.5}, {"list", {1, "two"}}};
  EXPECT_TRUE(FailsWith(Field<std::int64_t>(object, "count", "thing"), ErrorCode::kInvalidArgument,
                        "thing: field \"count\": expected a whole number, got 1.5"));
  EXPECT_TRUE(FailsWith(Field<std::vector<std::int64_t>>(object, "list", "thing"),
                        ErrorCode::kInvalidArgument, "a list, each item a whole number"));
  EXPECT_TRUE(FailsWith(Field<bool>(object, "none", "thing"), ErrorCode::kInvalidArgument,
                        "field \"none\" is missing"));
  EXPECT_TRUE(FailsWith(Field<bool>(Json::array(), "none", "thing"), ErrorCode::kInvalidArgument,
                        "is missing"));
}

TEST(JsonField, TheFallbackStandsForMissingAndNullAndNotForAnotherType) {
  const Json object = {{"nothing", nullptr}, {"text", "x"}};
  EXPECT_EQ(*FieldOr<std::int64_t>(object, "none", 5, "o"), 5);
  EXPECT_EQ(*FieldOr<std::int64_t>(object, "nothing", 5, "o"), 5);
  EXPECT_TRUE(FailsWith(FieldOr<std::int64_t>(object, "text", 5, "o"), ErrorCode::kInvalidArgument,
                        "whole number"));
}

}  // namespace
}  // namespace tutti
