#include "common/byte_size.h"

#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

TEST(ByteSize, EveryUnitIsRead) {
  const std::vector<std::pair<std::string, std::uint64_t>> cases{{"0", 0},
                                                                 {"17B", 17},
                                                                 {"2KB", 2'000},
                                                                 {"512MB", 512'000'000},
                                                                 {"20GB", 20'000'000'000},
                                                                 {"20gb", 20'000'000'000},
                                                                 {"1.5TB", 1'500'000'000'000},
                                                                 {"2KiB", 2'048},
                                                                 {"1MiB", 1'048'576},
                                                                 {"1GiB", 1'073'741'824},
                                                                 {"1TiB", 1'099'511'627'776},
                                                                 {"1000TB", 1'000'000'000'000'000}};
  for (const auto& [text, bytes] : cases) {
    const auto parsed = ParseByteSize(text);
    ASSERT_TRUE(IsOk(parsed)) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ByteSize, AnythingElseIsRefusedWithAnExample) {
  for (const std::string text :
       {"", "20", "GB", "-1GB", "20 GB", "20G", "1e3MB", "nan", "infGB", "1001TB", "+1MB"}) {
    EXPECT_TRUE(FailsWith(ParseByteSize(text), ErrorCode::kInvalidArgument,
                          "such as 20GB; got \"" + text + "\""));
  }
}

}  // namespace
}  // namespace tutti
