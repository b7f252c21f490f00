// Unpredictable bytes from the operating system, injected: UUIDs, tokens, request ids.
#pragma once

#include <cstddef>
#include <string>

namespace tutti {

// Thread-safe.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  // n bytes as 2n lower-case hex digits.
  virtual std::string Hex(std::size_t n) = 0;
};

class SystemRandom final : public RandomSource {
 public:
  std::string Hex(std::size_t n) override;
};

// A version 4 UUID in the usual form of 36 characters.
std::string MakeUuid(RandomSource& random);

}  // namespace tutti
