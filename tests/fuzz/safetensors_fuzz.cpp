// A safetensors file, as a runner of the user's own may hand one over as a checkpoint or a shard.
// Every byte of every tensor can be read, and each tensor's bytes fit its shape.
#include "common/safetensors.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti;
  using fuzz::Require;
  const fuzz::InputFile file(fuzz::AsText(data, size));
  const auto opened = SafetensorsFile::Open(file.path());
  if (!opened.ok()) {
    Require(opened.error().code == ErrorCode::kDataLoss, "the file is at fault");
    return 0;
  }
  std::uint64_t sum = 0;
  std::size_t bytes = 0;
  for (const auto& [name, view] : (*opened)->tensors()) {
    std::size_t elements = 1;
    for (const std::int64_t extent : view.shape) elements *= static_cast<std::size_t>(extent);
    Require(elements * ElementSize(view.type) == view.bytes.size(), "bytes fit the shape");
    for (const std::byte byte : view.bytes) sum += static_cast<std::uint64_t>(byte);
    bytes += view.bytes.size();
  }
  Require(bytes < size || size == 0, "tensors lie in the file");
  Require(sum <= 255 * bytes, "each byte can be read");
  return 0;
}
