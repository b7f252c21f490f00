// JSON with our kind of errors: parsing with limits, and fields taken by name and type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/result.h"

namespace tutti {

// Keys in sorted order: two equal values have one text, which is what hashes are made of.
using Json = nlohmann::json;
// Keys in the order in which they were put: what people read.
using OrderedJson = nlohmann::ordered_json;

// Deeper nesting is refused before it can exhaust the stack.
inline constexpr int kMaxJsonDepth = 64;

// `what` names the text in messages ("profile admin.json"). kInvalidArgument: not JSON, too deep.
Result<Json> ParseJson(std::string_view text, std::string_view what);

// One line of compact JSON, keys sorted; bytes that are not UTF-8 are replaced, never refused.
std::string DumpJson(const Json& value);

// The field `key` of the object `object` as T (bool, std::int64_t, double, std::string, Json,
// vectors of these). kInvalidArgument, naming `what`, the key, the type expected and the value got:
// no such field, another type.
template <class T>
Result<T> Field(const Json& object, std::string_view key, std::string_view what);
// The same, and `fallback` where the field is missing or null.
template <class T>
Result<T> FieldOr(const Json& object, std::string_view key, T fallback, std::string_view what);

namespace json_internal {

Error Missing(std::string_view key, std::string_view what);
Error WrongType(std::string_view key, std::string_view what, std::string_view expected,
                const Json& got);

inline bool Read(const Json& from, bool& to) {
  if (!from.is_boolean()) return false;
  to = from.get<bool>();
  return true;
}
inline bool Read(const Json& from, std::int64_t& to) {
  if (!from.is_number_integer()) return false;
  if (from.is_number_unsigned() && !std::in_range<std::int64_t>(from.get<std::uint64_t>())) {
    return false;
  }
  to = from.get<std::int64_t>();
  return true;
}
inline bool Read(const Json& from, double& to) {
  if (!from.is_number()) return false;
  to = from.get<double>();
  return true;
}
inline bool Read(const Json& from, std::string& to) {
  if (!from.is_string()) return false;
  to = from.get<std::string>();
  return true;
}
inline bool Read(const Json& from, Json& to) {
  to = from;
  return true;
}
template <class T>
bool Read(const Json& from, std::vector<T>& to) {
  if (!from.is_array()) return false;
  for (const Json& item : from) {
    T value{};
    if (!Read(item, value)) return false;
    to.push_back(std::move(value));
  }
  return true;
}

inline std::string NameOf(const bool&) {
  return "true or false";
}
inline std::string NameOf(const std::int64_t&) {
  return "a whole number";
}
inline std::string NameOf(const double&) {
  return "a number";
}
inline std::string NameOf(const std::string&) {
  return "a string";
}
inline std::string NameOf(const Json&) {
  return "a value";
}
template <class T>
std::string NameOf(const std::vector<T>&) {
  return "a list, each item " + NameOf(T{});
}

}  // namespace json_internal

template <class T>
Result<T> Field(const Json& object, std::string_view key, std::string_view what) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end()) return json_internal::Missing(key, what);
  T value{};
  if (!json_internal::Read(*found, value)) {
    return json_internal::WrongType(key, what, json_internal::NameOf(value), *found);
  }
  return value;
}

template <class T>
Result<T> FieldOr(const Json& object, std::string_view key, T fallback, std::string_view what) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end() || found->is_null()) return fallback;
  return Field<T>(object, key, what);
}

}  // namespace tutti
