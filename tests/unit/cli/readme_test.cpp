// What the root README shows is what is there.
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/marked_text.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

const std::string kRoot = TUTTI_SOURCE_DIR;

TEST(Readme, ShowsThePythonRunnerAsItIs) {
  const std::string readme = ReadWholeFile(kRoot + "/README.md");
  const std::string runner = ReadWholeFile(kRoot + "/tests/system/python_runner/train.py");
  EXPECT_NE(readme.find("```python\n" + runner + "```\n"), std::string::npos);
  std::istringstream lines(runner);
  int written = 0;
  for (std::string line; std::getline(lines, line);) written += line.empty() ? 0 : 1;
  EXPECT_LE(written, 22) << "about twenty lines, so that it can be read in one go";
}

TEST(Readme, HasThePlaceThatTableUpdateFills) {
  const std::string readme = ReadWholeFile(kRoot + "/README.md");
  for (const std::string name : {"f1", "performance"}) {
    const auto replaced = ReplaceMarked(readme, name, "table\n", "README.md");
    ASSERT_TRUE(replaced.ok()) << replaced.error().message;
    EXPECT_THAT(*replaced, testing::HasSubstr("\n<!-- tutti:" + name +
                                              " -->\ntable\n<!-- /tutti:" + name + " -->\n"));
  }
}

}  // namespace
}  // namespace tutti
