// What a login's cookie holds, readable by this coordinator alone.
#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/random.h"
#include "common/result.h"

namespace tutti {

// AES-256-GCM over the token and the time until which it counts: nothing about logins is kept here,
// so that nothing can fill up and a start of the coordinator logs nobody out; and another web
// server on the same host name, which is sent the same cookies, learns no token. Thread-safe.
class CookieSeal {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  // key: kKeyBytes secret bytes.
  CookieSeal(std::string key, RandomSource& random) : key_(std::move(key)), random_(random) {}

  // Hex digits. kInternal: OpenSSL's reason.
  Result<std::string> Seal(std::string_view token, UnixMillis until) const;
  // The token. kUnauthenticated: not sealed with this key, changed, or past its time.
  Result<std::string> Open(std::string_view cookie, UnixMillis now) const;

 private:
  std::string key_;
  RandomSource& random_;
};

// kInvalidArgument: an odd number of digits, or one that is none.
Result<std::string> BytesFromHex(std::string_view hex);
std::string HexFromBytes(std::string_view bytes);

}  // namespace tutti
