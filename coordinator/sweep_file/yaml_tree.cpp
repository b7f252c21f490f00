#include "coordinator/sweep_file/yaml_tree.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "common/visible_text.h"

namespace tutti {
namespace {

class Builder {
 public:
  explicit Builder(const std::string& file) : file_(file) {}

  Result<YamlTree> Build(const YAML::Node& node, int depth) {
    YamlTree tree;
    tree.line = LineOf(node);
    if (++nodes_ > kMaxYamlNodes) {
      return Broken(tree.line,
                    "more than " + std::to_string(kMaxYamlNodes) + " values, aliases written out");
    }
    if (depth > kMaxYamlDepth) {
      return Broken(tree.line, "nested deeper than " + std::to_string(kMaxYamlDepth) + " levels");
    }
    if (node.IsSequence()) {
      tree.kind = YamlTree::Kind::kList;
      for (const YAML::Node& item : node) {
        TUTTI_ASSIGN_OR_RETURN(YamlTree child, Build(item, depth + 1));
        tree.items.push_back(std::move(child));
      }
    } else if (node.IsMap()) {
      tree.kind = YamlTree::Kind::kMap;
      TUTTI_RETURN_IF_ERROR(BuildEntries(node, depth, tree));
    } else if (node.IsScalar()) {
      TUTTI_RETURN_IF_ERROR(CheckText(node));
      tree.scalar = ScalarOf(node);
    }
    return tree;
  }

 private:
  Status BuildEntries(const YAML::Node& node, int depth, YamlTree& tree) {
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return Broken(LineOf(entry.first), "a key must be a word");
      const std::string key = entry.first.Scalar();
      TUTTI_RETURN_IF_ERROR(CheckText(entry.first));
      if (tree.Find(key) != nullptr) {
        return Broken(LineOf(entry.first), "the key \"" + key + "\" stands here twice");
      }
      TUTTI_ASSIGN_OR_RETURN(YamlTree child, Build(entry.second, depth + 1));
      // Where a value is wrong, people look for its key.
      child.line = LineOf(entry.first);
      tree.entries.push_back({key, std::move(child)});
    }
    return {};
  }

  // The YAML library lets other bytes pass, and half of a pair such as "\uD800".
  Status CheckText(const YAML::Node& scalar) const {
    if (IsUtf8(scalar.Scalar())) return {};
    return Broken(LineOf(scalar), "expected text in UTF-8, got " + Visible(scalar.Scalar()));
  }

  static int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

  Error Broken(int line, const std::string& why) const {
    return InvalidArgument(file_ + ":" + std::to_string(line) + ": " + why);
  }

  // YAML 1.2's core schema; a quoted scalar is always text.
  static Json ScalarOf(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    if (node.Tag() == "!") return text;
    if (text.empty() || text == "~" || text == "null") return nullptr;
    if (text == "true" || text == "True") return true;
    if (text == "false" || text == "False") return false;
    const char* end = text.data() + text.size();
    std::int64_t whole = 0;
    if (const auto read = std::from_chars(text.data(), end, whole);
        read.ec == std::errc{} && read.ptr == end) {
      return whole;
    }
    double number = 0;
    if (const auto read = std::from_chars(text.data(), end, number);
        read.ec == std::errc{} && read.ptr == end && std::isfinite(number)) {
      return number;
    }
    return text;
  }

  const std::string& file_;
  std::size_t nodes_ = 0;
};

// Stops where a second document begins. The YAML library's own list of documents grows without end
// for a text such as ",: 1", of which it takes nothing and finds a document again and again.
class OneDocument final : public YAML::EventHandler {
 public:
  int begun() const { return begun_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++begun_ > 1)
      throw YAML::ParserException(mark, "expected one document, another begins here");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  int begun_ = 0;
};

}  // namespace

const YamlTree* YamlTree::Find(std::string_view key) const {
  const auto found = std::ranges::find(
      entries, key, [](const auto& entry) -> std::string_view { return entry.key; });
  return found == entries.end() ? nullptr : &found->value;
}

Result<YamlTree> ParseYaml(std::string_view text, const std::string& file) {
  try {
    const std::string copy(text);
    std::istringstream stream(copy);
    YAML::Parser parser(stream);
    OneDocument documents;
    while (parser.HandleNextDocument(documents)) continue;
    if (documents.begun() == 0) {
      return InvalidArgument(file + ":1: expected one YAML document, got none");
    }
    return Builder(file).Build(YAML::Load(copy), 0);
  } catch (const YAML::Exception& e) {
    return InvalidArgument(file + ":" + std::to_string(e.mark.line + 1) +
                           ": not valid YAML: " + e.msg);
  }
}

Json ToJson(const YamlTree& tree) {
  switch (tree.kind) {
    case YamlTree::Kind::kScalar:
      return tree.scalar;
    case YamlTree::Kind::kList: {
      Json list = Json::array();
      for (const YamlTree& item : tree.items) list.push_back(ToJson(item));
      return list;
    }
    case YamlTree::Kind::kMap:
      break;
  }
  Json object = Json::object();
  for (const auto& [key, value] : tree.entries) object[key] = ToJson(value);
  return object;
}

}  // namespace tutti
