// YAML as a plain tree with line numbers: the one place that touches the YAML library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace tutti {

// Aliases are written out, so a small text can name a great many nodes.
inline constexpr std::size_t kMaxYamlNodes = 200'000;
inline constexpr int kMaxYamlDepth = 32;

struct YamlTree {
  enum class Kind { kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kScalar;
  int line = 0;  // 1 for the first
  Json scalar;   // null, true/false, whole number, number or text, by YAML's core schema
  std::vector<YamlTree> items;
  std::vector<Entry> entries;  // in the text's order

  // Nothing where there is no such key. Requires kMap.
  const YamlTree* Find(std::string_view key) const;
};

struct YamlTree::Entry {
  std::string key;
  YamlTree value;
};

// kInvalidArgument, as "file:line: why": no YAML, more than one document, a key that is no text or
// stands twice, too deep, too many nodes.
Result<YamlTree> ParseYaml(std::string_view text, const std::string& file);

// The value as JSON: lists and maps too.
Json ToJson(const YamlTree& tree);

}  // namespace tutti
