#include <algorithm>
#include <cstring>

#include "common/check.h"
#include "common/file_system.h"
#include "common/json.h"
#include "common/safetensors.h"

namespace tutti {
namespace {

using NamedTensor = std::pair<const std::string, TensorView>;
constexpr std::size_t kHeaderAlignment = 8;

// The reference writer's order: wide elements first keeps every tensor aligned without holes.
std::vector<const NamedTensor*> WritingOrder(
    const std::map<std::string, TensorView, std::less<>>& tensors) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  std::ranges::stable_sort(order, [](const NamedTensor* a, const NamedTensor* b) {
    return ElementSize(a->second.type) > ElementSize(b->second.type);
  });
  return order;
}

}  // namespace

Status WriteSafetensors(const std::filesystem::path& path,
                        const std::map<std::string, TensorView, std::less<>>& tensors,
                        const std::map<std::string, std::string, std::less<>>& metadata) {
  OrderedJson header = OrderedJson::object();
  if (!metadata.empty()) {
    for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  }
  const auto order = WritingOrder(tensors);
  std::uint64_t at = 0;
  for (const NamedTensor* tensor : order) {
    const auto& [name, view] = *tensor;
    std::uint64_t bytes = ElementSize(view.type);
    for (const std::int64_t n : view.shape) bytes *= static_cast<std::uint64_t>(n);
    TUTTI_CHECK(bytes == view.bytes.size(), "tensor " + name + ": bytes do not match its shape");
    header[name] = {{"dtype", ElementTypeName(view.type)},
                    {"shape", view.shape},
                    {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');

  std::string length(sizeof(std::uint64_t), '\0');
  const std::uint64_t header_bytes = text.size();
  std::memcpy(length.data(), &header_bytes, sizeof(header_bytes));
  std::vector<std::string_view> pieces{length, text};
  for (const NamedTensor* tensor : order) {
    const auto bytes = tensor->second.bytes;
    pieces.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return WritePiecesAtomically(path, pieces, 0644);
}

}  // namespace tutti
