#include "common/visible_text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace tutti {
namespace {

struct Character {
  std::size_t bytes = 1;
  std::uint32_t code = 0;
  bool is_utf8 = false;
};

// Bytes that the character should have by its first one; 0: none begins so.
std::size_t LengthBy(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

// Overlong forms and surrogates are no UTF-8.
Character FirstOf(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = LengthBy(first);
  if (length == 1) return {1, first, true};
  if (length == 0 || length > text.size()) return {};
  std::uint32_t code = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return {};
    code = code << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return {};
  return {length, code, true};
}

bool TurnsDirection(std::uint32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string Named(const char* format, std::uint32_t value) {
  char buffer[16];
  std::snprintf(buffer, sizeof(buffer), format, static_cast<unsigned>(value));
  return buffer;
}

std::string Shown(std::string_view bytes, const Character& character) {
  const std::uint32_t code = character.code;
  if (!character.is_utf8) return Named("<%02X>", static_cast<unsigned char>(bytes[0]));
  if (code == '\n' || code == '\t') return std::string(bytes);
  if (code < 0x20 || code == 0x7F) return std::string("^") + static_cast<char>(code ^ 0x40U);
  const bool is_seen =
      !(code >= 0x80 && code < 0xA0) && !TurnsDirection(code) && code != 0x2028 && code != 0x2029;
  return is_seen ? std::string(bytes) : Named("<U+%04X>", code);
}

}  // namespace

std::string Visible(std::string_view text) {
  std::string visible;
  visible.reserve(text.size());
  while (!text.empty()) {
    const Character character = FirstOf(text);
    visible += Shown(text.substr(0, character.bytes), character);
    text.remove_prefix(character.bytes);
  }
  return visible;
}

std::string OneLine(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return line;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Character character = FirstOf(text);
    if (!character.is_utf8) return false;
    text.remove_prefix(character.bytes);
  }
  return true;
}

std::size_t UnfinishedBytes(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const char c = text[text.size() - back];
    if (IsContinuation(c)) continue;
    return LengthBy(static_cast<unsigned char>(c)) > back ? back : 0;
  }
  return 0;
}

}  // namespace tutti
