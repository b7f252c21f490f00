// The words of an enum, looked up both ways.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "common/check.h"

namespace tutti {

template <class Enum, std::size_t n>
struct NameTable {
  std::array<std::pair<Enum, std::string_view>, n> rows;

  std::string_view NameOf(Enum value) const {
    for (const auto& [known, name] : rows) {
      if (known == value) return name;
    }
    CheckFailed("known == value", __FILE__, __LINE__, "an enum's value has no name");
  }
  std::optional<Enum> Parse(std::string_view word) const {
    for (const auto& [value, name] : rows) {
      if (name == word) return value;
    }
    return std::nullopt;
  }
};

}  // namespace tutti
