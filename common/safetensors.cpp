#include "common/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <unistd.h>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>

#include "common/check.h"
#include "common/json.h"
#include "common/unique_fd.h"

namespace tutti {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

struct TypeRow {
  ElementType type;
  std::string_view name;
  std::size_t size;
};
constexpr std::array<TypeRow, 10> kTypes{{{ElementType::kF64, "F64", 8},
                                          {ElementType::kF32, "F32", 4},
                                          {ElementType::kF16, "F16", 2},
                                          {ElementType::kBf16, "BF16", 2},
                                          {ElementType::kI64, "I64", 8},
                                          {ElementType::kI32, "I32", 4},
                                          {ElementType::kI16, "I16", 2},
                                          {ElementType::kI8, "I8", 1},
                                          {ElementType::kU8, "U8", 1},
                                          {ElementType::kBool, "BOOL", 1}}};

const TypeRow& RowOf(ElementType type) {
  return *std::ranges::find(kTypes, type, &TypeRow::type);
}

constexpr std::size_t kLengthBytes = 8;

Error Broken(const std::filesystem::path& path, const std::string& why) {
  return DataLoss(path.string() + ": not a valid safetensors file: " + why);
}

// The number of bytes that a shape takes, or nothing when it overflows.
Result<std::uint64_t> ShapeBytes(const std::vector<std::int64_t>& shape, ElementType type) {
  std::uint64_t bytes = ElementSize(type);
  for (const std::int64_t n : shape) {
    if (n < 0) return InvalidArgument("negative dimension");
    if (n != 0 &&
        bytes > std::numeric_limits<std::uint64_t>::max() / static_cast<std::uint64_t>(n)) {
      return InvalidArgument("shape overflows");
    }
    bytes *= static_cast<std::uint64_t>(n);
  }
  return bytes;
}

struct Extent {
  std::uint64_t begin;
  std::uint64_t end;
};

Result<std::pair<TensorView, Extent>> ParseEntry(const std::string& name, const Json& entry,
                                                 std::span<const std::byte> buffer) {
  const std::string what = "tensor \"" + name + "\"";
  TUTTI_ASSIGN_OR_RETURN(const auto type_name, Field<std::string>(entry, "dtype", what));
  TUTTI_ASSIGN_OR_RETURN(const auto type, ParseElementType(type_name));
  TUTTI_ASSIGN_OR_RETURN(auto shape, Field<std::vector<std::int64_t>>(entry, "shape", what));
  TUTTI_ASSIGN_OR_RETURN(const auto offsets,
                         Field<std::vector<std::int64_t>>(entry, "data_offsets", what));
  if (offsets.size() != 2 || offsets[0] < 0 || offsets[1] < offsets[0] ||
      static_cast<std::uint64_t>(offsets[1]) > buffer.size()) {
    return InvalidArgument(what + ": data_offsets outside the buffer");
  }
  const Extent extent{static_cast<std::uint64_t>(offsets[0]),
                      static_cast<std::uint64_t>(offsets[1])};
  TUTTI_ASSIGN_OR_RETURN(const std::uint64_t bytes, ShapeBytes(shape, type));
  if (bytes != extent.end - extent.begin) {
    return InvalidArgument(what + ": shape needs " + std::to_string(bytes) +
                           " bytes, data_offsets give " +
                           std::to_string(extent.end - extent.begin));
  }
  TensorView view{type, std::move(shape), buffer.subspan(extent.begin, bytes)};
  return std::pair(std::move(view), extent);
}

Status CheckCovered(std::vector<Extent> extents, std::uint64_t buffer_size) {
  std::ranges::sort(extents, [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t at = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != at) return InvalidArgument("holes or overlaps between tensors");
    at = extent.end;
  }
  if (at != buffer_size) return InvalidArgument("bytes left over after the last tensor");
  return {};
}

}  // namespace

std::size_t ElementSize(ElementType type) {
  return RowOf(type).size;
}
std::string_view ElementTypeName(ElementType type) {
  return RowOf(type).name;
}

Result<ElementType> ParseElementType(std::string_view name) {
  const auto* row = std::ranges::find(kTypes, name, &TypeRow::name);
  if (row == kTypes.end()) return InvalidArgument("unknown dtype \"" + std::string(name) + "\"");
  return row->type;
}

std::span<const float> TensorView::AsFloats() const {
  TUTTI_CHECK(type == ElementType::kF32, "AsFloats of a tensor that is not float32");
  TUTTI_CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) == 0,
              "float tensor is not aligned");
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

Result<std::shared_ptr<const SafetensorsFile>> SafetensorsFile::Open(
    const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "open " + path.string());
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return ErrnoError(errno, "stat " + path.string());
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size < kLengthBytes) return Broken(path, "shorter than 8 bytes");
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) return ErrnoError(errno, "mmap " + path.string());
  std::shared_ptr<SafetensorsFile> file(new SafetensorsFile());
  file->mapping_ = {static_cast<const std::byte*>(mapped), size};
  TUTTI_RETURN_IF_ERROR(file->Parse(path));
  return std::shared_ptr<const SafetensorsFile>(std::move(file));
}

SafetensorsFile::~SafetensorsFile() {
  if (!mapping_.empty()) {
    ::munmap(const_cast<std::byte*>(mapping_.data()), mapping_.size());
  }
}

Status SafetensorsFile::Parse(const std::filesystem::path& path) {
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, mapping_.data(), kLengthBytes);
  if (header_bytes > kMaxSafetensorsHeaderBytes || header_bytes > mapping_.size() - kLengthBytes) {
    return Broken(path, "header length " + std::to_string(header_bytes) + " is beyond the file");
  }
  const std::string_view text(reinterpret_cast<const char*>(mapping_.data()) + kLengthBytes,
                              header_bytes);
  if (!text.starts_with('{')) return Broken(path, "the header does not begin with {");
  auto header = ParseJson(text, "header");
  if (!header.ok()) return Broken(path, header.error().message);
  const auto buffer = mapping_.subspan(kLengthBytes + header_bytes);
  std::vector<Extent> extents;
  for (const auto& [name, entry] : header->items()) {
    if (name == "__metadata__") {
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) return Broken(path, "metadata \"" + key + "\" is not a string");
        metadata_.emplace(key, value.get<std::string>());
      }
      continue;
    }
    auto parsed = ParseEntry(name, entry, buffer);
    if (!parsed.ok()) return Broken(path, parsed.error().message);
    extents.push_back(parsed->second);
    tensors_.emplace(name, std::move(parsed->first));
  }
  if (const Status covered = CheckCovered(std::move(extents), buffer.size()); !covered.ok()) {
    return Broken(path, covered.error().message);
  }
  return {};
}

Result<TensorView> SafetensorsFile::Tensor(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return NotFound("no tensor \"" + std::string(name) + "\"");
  return found->second;
}

}  // namespace tutti
