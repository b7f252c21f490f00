#include "coordinator/core/digest.h"

#include "common/hash.h"

namespace tutti {
namespace {

int ValueOf(char digit) {
  return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

}  // namespace

std::optional<Digest> DigestFromHex(std::string_view hex) {
  if (!IsSha256Hex(hex)) return std::nullopt;
  Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(ValueOf(hex[2 * i]) * 16 + ValueOf(hex[2 * i + 1]));
  }
  return digest;
}

std::string ToHex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace tutti
