#include "common/random.h"

#include <string_view>
#include <vector>

#include <openssl/rand.h>

#include "common/check.h"

namespace tutti {

std::string SystemRandom::Hex(std::size_t n) {
  std::vector<unsigned char> bytes(n);
  TUTTI_CHECK(RAND_bytes(bytes.data(), static_cast<int>(n)) == 1, "RAND_bytes");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string MakeUuid(RandomSource& random) {
  std::string hex = random.Hex(16);
  hex[12] = '4';
  constexpr std::string_view kVariant = "89ab";
  hex[16] = kVariant[static_cast<std::size_t>(hex[16]) % 4];
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

}  // namespace tutti
