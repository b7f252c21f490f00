// rpc/limits.h and http/limits.h name every bound on what comes from outside, by themselves or by
// what they include; the table in coordinator/README.md says which test reaches each, and that test
// is there, in a file that knows the bound by its name.
#include "coordinator/rpc/limits.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti {
namespace {

// Those that stand in headers of their own. Compiles only where rpc/limits.h gives them.
#define LIMIT(name) (static_cast<void>(name), #name)
const std::vector<std::string> kElsewhere{LIMIT(kMaxMessageBytes),      LIMIT(kMaxStoredLogBytes),
                                          LIMIT(kMaxRunsPerSweep),      LIMIT(kMaxJsonDepth),
                                          LIMIT(kMaxYamlNodes),         LIMIT(kMaxYamlDepth),
                                          LIMIT(kMaxWaitingPredictions)};
#undef LIMIT

std::string TextOf(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// Every constant that a header of limits defines.
std::vector<std::string> DefinedIn(const std::string& header) {
  static const std::regex kConstant(R"(\bconstexpr\s+[\w:<>]+\s+(k\w+)\s*[={])");
  const std::string text = TextOf(std::filesystem::path(TUTTI_SOURCE_DIR) / "coordinator" / header);
  std::vector<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), kConstant), end; at != end; ++at) {
    names.push_back((*at)[1]);
  }
  return names;
}

std::vector<std::string> AllLimits() {
  std::vector<std::string> limits = kElsewhere;
  for (const std::string header : {"rpc/limits.h", "http/limits.h"}) {
    const std::vector<std::string> defined = DefinedIn(header);
    EXPECT_GT(defined.size(), 10U) << header << " is not read as it is written";
    limits.insert(limits.end(), defined.begin(), defined.end());
  }
  return limits;
}

// "Suite.Name" of every test in the tree, and its file.
std::map<std::string, std::filesystem::path> AllTests() {
  static const std::regex kTest(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\))");
  std::map<std::string, std::filesystem::path> tests;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(TUTTI_SOURCE_DIR) / "tests")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = TextOf(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), kTest), end; at != end; ++at) {
      tests[(*at)[1].str() + "." + (*at)[2].str()] = entry.path();
    }
  }
  return tests;
}

// The row of the table of limits that names it; empty: none.
std::string RowOf(const std::string& limit) {
  std::istringstream lines(
      TextOf(std::filesystem::path(TUTTI_SOURCE_DIR) / "coordinator" / "README.md"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| ") && line.contains("`" + limit + "`")) return line;
  }
  return "";
}

TEST(Limits, EachHasARowInTheTableAndATestThatReachesIt) {
  const std::map<std::string, std::filesystem::path> tests = AllTests();
  ASSERT_GT(tests.size(), 500U);
  for (const std::string& limit : AllLimits()) {
    const std::string row = RowOf(limit);
    ASSERT_NE(row, "") << limit << " has no row in coordinator/README.md";
    // In the last cell; "…Name" is of the suite before it, "Suite.*" of any in it.
    std::string cell = row.substr(0, row.size() - 2);
    cell = cell.substr(cell.rfind('|') + 1);
    static const std::regex kName("`(\\w+\\.|…)(\\w+|\\*)`");
    std::string suite;
    int found = 0;
    bool is_known_there = false;
    for (std::sregex_iterator at(cell.begin(), cell.end(), kName), end; at != end; ++at) {
      if ((*at)[1] != "…") suite = (*at)[1];
      const std::string name = (*at)[2];
      const auto first = tests.lower_bound(suite + (name == "*" ? "" : name));
      ASSERT_NE(first, tests.end()) << row;
      EXPECT_TRUE(name == "*" ? first->first.starts_with(suite) : first->first == suite + name)
          << limit << ": no test " << suite << name;
      is_known_there = is_known_there || TextOf(first->second).contains(limit);
      ++found;
    }
    EXPECT_GT(found, 0) << limit << " names no test: " << row;
    EXPECT_TRUE(is_known_there) << limit << ": no file of its tests names it: " << row;
  }
}

}  // namespace
}  // namespace tutti
