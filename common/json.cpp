#include "common/json.h"

#include <algorithm>

namespace tutti {
namespace {

constexpr std::size_t kQuotedValueLimit = 80;

std::string Quoted(const Json& value) {
  std::string text = DumpJson(value);
  if (text.size() > kQuotedValueLimit) text = text.substr(0, kQuotedValueLimit) + "…";
  return text;
}

// Counted on the raw text because the parser itself recurses on values' destruction.
bool TooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> ParseJson(std::string_view text, std::string_view what) {
  if (TooDeep(text)) {
    return InvalidArgument(std::string(what) + ": nested deeper than " +
                           std::to_string(kMaxJsonDepth) + " levels");
  }
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    return InvalidArgument(std::string(what) + ": not valid JSON: " + e.what());
  }
}

std::string DumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

namespace json_internal {

Error Missing(std::string_view key, std::string_view what) {
  return InvalidArgument(std::string(what) + ": field \"" + std::string(key) + "\" is missing");
}

Error WrongType(std::string_view key, std::string_view what, std::string_view expected,
                const Json& got) {
  return InvalidArgument(std::string(what) + ": field \"" + std::string(key) + "\": expected " +
                         std::string(expected) + ", got " + Quoted(got));
}

}  // namespace json_internal
}  // namespace tutti
