// The safetensors file format: tensors by name, read through mmap, written atomically.
//
// Source: the format's README and its reference implementation (safetensors 0.4, tensor.rs): u64
// little-endian header length N, N bytes of JSON, then one buffer that the tensors' data_offsets
// cover without holes; the writer sorts by descending element size, then by name, and pads the
// header with spaces to a multiple of 8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tutti {

inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

// Element types by their names in the format.
enum class ElementType { kF64, kF32, kF16, kBf16, kI64, kI32, kI16, kI8, kU8, kBool };

std::size_t ElementSize(ElementType type);           // bytes
std::string_view ElementTypeName(ElementType type);  // "F32", …
Result<ElementType> ParseElementType(std::string_view name);

// A tensor's place: row-major, little-endian.
struct TensorView {
  ElementType type = ElementType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  // Requires type == kF32; the bytes are aligned as the file has them (the writer aligns to 8).
  std::span<const float> AsFloats() const;
};

// A safetensors file mapped read-only; its views live as long as it does. Safe to read from many
// threads.
class SafetensorsFile {
 public:
  // kNotFound: no such file. kDataLoss: anything that the format forbids, with the reason (header
  // length, JSON, unknown type, a shape that does not fit its bytes, holes or overlaps, bytes left
  // over).
  static Result<std::shared_ptr<const SafetensorsFile>> Open(const std::filesystem::path& path);

  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  // kNotFound, listing nothing else: no such tensor.
  Result<TensorView> Tensor(std::string_view name) const;
  const std::map<std::string, TensorView, std::less<>>& tensors() const { return tensors_; }
  const std::map<std::string, std::string, std::less<>>& metadata() const { return metadata_; }

 private:
  SafetensorsFile() = default;
  Status Parse(const std::filesystem::path& path);

  std::span<const std::byte> mapping_;
  std::map<std::string, TensorView, std::less<>> tensors_;
  std::map<std::string, std::string, std::less<>> metadata_;
};

// Writes a whole file: temp file beside it, fsync, rename. The views' bytes must match their shapes
// (checked).
Status WriteSafetensors(const std::filesystem::path& path,
                        const std::map<std::string, TensorView, std::less<>>& tensors,
                        const std::map<std::string, std::string, std::less<>>& metadata);

}  // namespace tutti
