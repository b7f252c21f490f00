// rpc/limits.h names every bound on what comes from outside, by itself or by what it includes; the
// table in coordinator/README.md says which test reaches each, and that test is there.
#include "coordinator/rpc/limits.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti {
namespace {

// Compiles only where the header gives them.
#define LIMIT(name) (static_cast<void>(name), #name)
const std::vector<std::string> kLimits{LIMIT(kMaxMessageBytes),
                                       LIMIT(kMaxUploadBytes),
                                       LIMIT(kMaxOpenUploadsPerClient),
                                       LIMIT(kMaxStreamsPerConnection),
                                       LIMIT(kMaxLogLineBytes),
                                       LIMIT(kMaxStoredLogBytes),
                                       LIMIT(kMaxSweepFileBytes),
                                       LIMIT(kMaxRunsPerSweep),
                                       LIMIT(kMaxNameBytes),
                                       LIMIT(kMaxJsonDepth),
                                       LIMIT(kMaxYamlNodes),
                                       LIMIT(kMaxYamlDepth),
                                       LIMIT(kMaxWaitingPredictions)};
#undef LIMIT

std::string TextOf(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// "Suite.Name" of every test in the tree.
std::set<std::string> AllTests() {
  static const std::regex kTest(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\))");
  std::set<std::string> tests;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(TUTTI_SOURCE_DIR) / "tests")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = TextOf(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), kTest), end; at != end; ++at) {
      tests.insert((*at)[1].str() + "." + (*at)[2].str());
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
  const std::set<std::string> tests = AllTests();
  ASSERT_GT(tests.size(), 500U);
  for (const std::string& limit : kLimits) {
    const std::string row = RowOf(limit);
    ASSERT_NE(row, "") << limit << " has no row in coordinator/README.md";
    // In the last cell; "…Name" is of the suite before it, "Suite.*" of any in it.
    std::string cell = row.substr(0, row.size() - 2);
    cell = cell.substr(cell.rfind('|') + 1);
    static const std::regex kName("`(\\w+\\.|…)(\\w+|\\*)`");
    std::string suite;
    int found = 0;
    for (std::sregex_iterator at(cell.begin(), cell.end(), kName), end; at != end; ++at) {
      if ((*at)[1] != "…") suite = (*at)[1];
      const std::string name = (*at)[2];
      const auto first = tests.lower_bound(suite + (name == "*" ? "" : name));
      ASSERT_NE(first, tests.end()) << row;
      EXPECT_TRUE(name == "*" ? first->starts_with(suite) : *first == suite + name)
          << limit << ": no test " << suite << name;
      ++found;
    }
    EXPECT_GT(found, 0) << limit << " names no test: " << row;
  }
}

}  // namespace
}  // namespace tutti
