#include "coordinator/http/cookie_seal.h"

#include <charconv>
#include <memory>

#include <openssl/evp.h>

namespace tutti {
namespace {

constexpr int kNonceBytes = 12;
constexpr int kTagBytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

Error Refused() {
  return Unauthenticated("this login has ended: log in again");
}

}  // namespace

std::string HexFromBytes(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    hex += kDigits[value >> 4];
    hex += kDigits[value & 15];
  }
  return hex;
}

Result<std::string> BytesFromHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    const char* end = hex.data() + i + 2;
    const auto [at, error] = std::from_chars(hex.data() + i, end, value, 16);
    if (error != std::errc{} || at != end) break;
    bytes += static_cast<char>(value);
  }
  if (bytes.size() * 2 != hex.size()) return InvalidArgument("expected pairs of hex digits");
  return bytes;
}

Result<std::string> CookieSeal::Seal(std::string_view token, UnixMillis until) const {
  const std::string plain = std::to_string(ToInt(until)) + " " + std::string(token);
  TUTTI_ASSIGN_OR_RETURN(const std::string nonce, BytesFromHex(random_.Hex(kNonceBytes)));
  std::string sealed(plain.size(), '\0');
  std::string tag(kTagBytes, '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  if (!context ||
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(std::string_view(key_)),
                         Bytes(std::string_view(nonce))) != 1 ||
      EVP_EncryptUpdate(context.get(), Bytes(sealed), &size, Bytes(std::string_view(plain)),
                        static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), Bytes(sealed) + size, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) != 1) {
    return Internal("the login's cookie cannot be sealed");
  }
  return HexFromBytes(nonce + tag + sealed);
}

Result<std::string> CookieSeal::Open(std::string_view cookie, UnixMillis now) const {
  const auto bytes = BytesFromHex(cookie);
  if (!bytes.ok() || bytes->size() < kNonceBytes + kTagBytes) return Refused();
  const std::string_view all = *bytes;
  std::string tag(all.substr(kNonceBytes, kTagBytes));
  const std::string_view sealed = all.substr(kNonceBytes + kTagBytes);
  std::string plain(sealed.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  if (!context ||
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(std::string_view(key_)),
                         Bytes(all)) != 1 ||
      EVP_DecryptUpdate(context.get(), Bytes(plain), &size, Bytes(sealed),
                        static_cast<int>(sealed.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context.get(), Bytes(plain) + size, &size) != 1) {
    return Refused();
  }
  std::int64_t until = 0;
  const auto [at, error] = std::from_chars(plain.data(), plain.data() + plain.size(), until);
  if (error != std::errc{} || ToInt(now) >= until) return Refused();
  return plain.substr(static_cast<std::size_t>(at - plain.data()) + 1);
}

}  // namespace tutti
