#include "common/rpc/invite_word.h"

#include <array>
#include <cstdint>

#include "common/hash.h"
#include "common/json.h"

namespace tutti {
namespace {

constexpr std::string_view kPrefix = "tutti-";
// Base 64 for addresses (RFC 4648, section 5), without padding.
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kCheckDigits = 8;  // of the text's hash, so that a cut word is known as one

std::string Encode(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) text += kDigits[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kDigits[bits << (6 - count) & 63];
  return text;
}

Result<std::string> Decode(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const std::size_t value = kDigits.find(digit);
    if (value == std::string_view::npos) return InvalidArgument("a letter that is in no such word");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 255);
  }
  return bytes;
}

Error NoWord() {
  return InvalidArgument(
      "this is no invite: expected the whole word that tutti invite printed, beginning with "
      "tutti-");
}

}  // namespace

std::string WriteInviteWord(const InviteWord& word) {
  const std::string text =
      DumpJson(Json::array({word.address, word.certificate_hash, word.secret, word.role}));
  return std::string(kPrefix) + Encode(text + Sha256Hex(text).substr(0, kCheckDigits));
}

Result<InviteWord> ReadInviteWord(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return NoWord();
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  if (!text.starts_with(kPrefix)) return NoWord();
  const auto bytes = Decode(text.substr(kPrefix.size()));
  if (!bytes.ok() || bytes->size() <= kCheckDigits) return NoWord();
  const std::string content = bytes->substr(0, bytes->size() - kCheckDigits);
  if (Sha256Hex(content).substr(0, kCheckDigits) != bytes->substr(content.size())) return NoWord();
  const auto json = ParseJson(content, "invite");
  if (!json.ok() || !json->is_array() || json->size() != 4) return NoWord();
  for (const Json& part : *json) {
    if (!part.is_string()) return NoWord();
  }
  return InviteWord{(*json)[0], (*json)[1], (*json)[2], (*json)[3]};
}

}  // namespace tutti
