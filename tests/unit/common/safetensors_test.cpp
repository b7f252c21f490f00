#include "common/safetensors.h"

#include <cstring>
#include <fstream>

#include "common/file_system.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

template <class T>
TensorView View(ElementType type, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  return {type, std::move(shape), std::as_bytes(std::span(values))};
}

// A file by hand: header length, header, data.
std::string File(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + header + data;
}

class Safetensors : public testing::Test {
 protected:
  Result<std::shared_ptr<const SafetensorsFile>> Open(const std::string& bytes) {
    std::ofstream(dir_ / "f", std::ios::binary) << bytes;
    return SafetensorsFile::Open(dir_ / "f");
  }
  TempDir dir_;
};

TEST_F(Safetensors, WhatWasWrittenIsReadBack) {
  const std::vector<float> weights{1.5F, -2.0F, 0.0F, 4.0F, 5.0F, 6.0F};
  const std::vector<std::int64_t> count{42};
  const std::vector<std::uint8_t> flags{1, 0, 1};
  ASSERT_TRUE(IsOk(WriteSafetensors(dir_ / "f",
                                    {{"weight", View(ElementType::kF32, {2, 3}, weights)},
                                     {"count", View(ElementType::kI64, {}, count)},
                                     {"flags", View(ElementType::kU8, {3}, flags)}},
                                    {{"epoch", "7"}, {"text", "\"quoted\""}})));
  const auto file = SafetensorsFile::Open(dir_ / "f");
  ASSERT_TRUE(IsOk(file));
  EXPECT_EQ((*file)->tensors().size(), 3U);
  const auto weight = (*file)->Tensor("weight");
  ASSERT_TRUE(IsOk(weight));
  EXPECT_EQ(weight->type, ElementType::kF32);
  EXPECT_EQ(weight->shape, (std::vector<std::int64_t>{2, 3}));
  const auto floats = weight->AsFloats();
  EXPECT_EQ(std::vector<float>(floats.begin(), floats.end()), weights);
  EXPECT_TRUE((*file)->Tensor("count")->shape.empty());
  EXPECT_EQ((*file)->metadata().at("text"), "\"quoted\"");
  EXPECT_TRUE(FailsWith((*file)->Tensor("bias"), ErrorCode::kNotFound, "no tensor \"bias\""));
}

// The reference implementation's rule: wide elements first, then by name; header padded to 8.
TEST_F(Safetensors, TheLayoutIsTheReferenceWriters) {
  const std::vector<std::int64_t> wide{1};
  const std::vector<std::uint8_t> narrow{7};
  ASSERT_TRUE(IsOk(WriteSafetensors(
      dir_ / "f",
      {{"a", View(ElementType::kU8, {1}, narrow)}, {"b", View(ElementType::kI64, {1}, wide)}},
      {})));
  const auto bytes = PosixFileSystem().ReadFile(dir_ / "f");
  ASSERT_TRUE(IsOk(bytes));
  const std::string header = R"({"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                             R"("a":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}})";
  std::string padded = header;
  padded.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(*bytes, File(padded, std::string("\1\0\0\0\0\0\0\0\7", 9)));
}

TEST_F(Safetensors, WritingReplacesTheWholeFileAndLeavesNothingElse) {
  const std::vector<float> one{1.0F};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(IsOk(WriteSafetensors(dir_ / "f", {{"x", View(ElementType::kF32, {1}, one)}}, {})));
  }
  const auto names = PosixFileSystem().ListDirectory(dir_.path());
  ASSERT_TRUE(IsOk(names));
  EXPECT_EQ(*names, std::vector<std::string>{"f"});
}

TEST_F(Safetensors, ATensorWithoutElementsAndAFileWithoutTensorsAreLegal) {
  const std::vector<float> none;
  ASSERT_TRUE(
      IsOk(WriteSafetensors(dir_ / "f", {{"x", View(ElementType::kF32, {0, 5}, none)}}, {})));
  const auto file = SafetensorsFile::Open(dir_ / "f");
  ASSERT_TRUE(IsOk(file));
  EXPECT_TRUE((*file)->Tensor("x")->AsFloats().empty());
  EXPECT_TRUE(IsOk(Open(File("{}", ""))));
}

TEST_F(Safetensors, EveryTypeKeepsItsNameAndSize) {
  for (const ElementType type :
       {ElementType::kF64, ElementType::kF32, ElementType::kF16, ElementType::kBf16,
        ElementType::kI64, ElementType::kI32, ElementType::kI16, ElementType::kI8, ElementType::kU8,
        ElementType::kBool}) {
    const auto parsed = ParseElementType(ElementTypeName(type));
    ASSERT_TRUE(IsOk(parsed));
    EXPECT_EQ(*parsed, type);
    const std::string bytes(ElementSize(type), '\0');
    const std::string header = R"({"x":{"dtype":")" + std::string(ElementTypeName(type)) +
                               R"(","shape":[1],"data_offsets":[0,)" +
                               std::to_string(bytes.size()) + "]}}";
    EXPECT_TRUE(IsOk(Open(File(header, bytes)))) << ElementTypeName(type);
  }
  EXPECT_FALSE(ParseElementType("F8").ok());
}

TEST_F(Safetensors, WhatTheFormatForbidsIsRefusedWithTheReason) {
  const auto tensor = [](const std::string& shape, const std::string& offsets) {
    return R"({"x":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "shorter than 8 bytes"},
      {"1234567", "shorter than 8 bytes"},
      {std::string(8, '\xff'), "beyond the file"},
      {File("{}", "").substr(0, 9), "beyond the file"},
      {File(" {}", ""), "does not begin with {"},
      {File("{]", ""), "not valid JSON"},
      {File(R"({"__metadata__":{"a":1}})", ""), "metadata \"a\" is not a string"},
      {File(R"({"x":{"dtype":"F8","shape":[],"data_offsets":[0,1]}})", "a"), "unknown dtype"},
      {File(R"({"x":{"shape":[],"data_offsets":[0,1]}})", "a"), "dtype"},
      {File(tensor("[1]", "[0,8]"), "12345678"), "shape needs 4 bytes, data_offsets give 8"},
      {File(tensor("[2]", "[0,8]"), "1234"), "outside the buffer"},
      {File(tensor("[1]", "[4,0]"), "12345678"), "outside the buffer"},
      {File(tensor("[-1]", "[0,4]"), "1234"), "negative dimension"},
      {File(tensor("[9223372036854775807,9]", "[0,4]"), "1234"), "overflows"},
      {File(tensor("[1]", "[4,8]"), "12345678"), "holes or overlaps"},
      {File(tensor("[1]", "[0,4]"), "12345678"), "bytes left over"}};
  for (const auto& [bytes, reason] : cases) {
    EXPECT_TRUE(FailsWith(Open(bytes), ErrorCode::kDataLoss, reason)) << bytes;
  }
  EXPECT_TRUE(FailsWith(SafetensorsFile::Open(dir_ / "none"), ErrorCode::kNotFound, "none"));
}

// Every prefix of a good file, and every one of its bytes turned: refused or read, never a crash.
TEST_F(Safetensors, DamagedFilesAreNeverACrash) {
  const std::vector<float> values{1.0F, 2.0F};
  ASSERT_TRUE(IsOk(WriteSafetensors(dir_ / "good", {{"x", View(ElementType::kF32, {2}, values)}},
                                    {{"key", "value"}})));
  const auto good = PosixFileSystem().ReadFile(dir_ / "good");
  ASSERT_TRUE(IsOk(good));
  for (std::size_t i = 0; i < good->size(); ++i) {
    EXPECT_FALSE(Open(good->substr(0, i)).ok()) << i;
    std::string turned = *good;
    turned[i] = static_cast<char>(turned[i] ^ 0x15);
    const auto file = Open(turned);
    EXPECT_TRUE(file.ok() || file.error().code == ErrorCode::kDataLoss) << i;
  }
}

}  // namespace
}  // namespace tutti
