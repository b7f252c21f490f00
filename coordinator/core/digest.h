// A SHA-256 in 32 bytes: what the core keeps of keys and content hashes, half the size of their
// hex.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace tutti {

using Digest = std::array<std::uint8_t, 32>;

// Nothing unless `hex` is 64 lower-case hex digits.
std::optional<Digest> DigestFromHex(std::string_view hex);
std::string ToHex(const Digest& digest);

struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t first = 0;  // the bytes are as good as random already
    std::memcpy(&first, digest.data(), sizeof(first));
    return first;
  }
};

}  // namespace tutti
