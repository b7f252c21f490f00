#include "cli/machine_checks.h"

#include <chrono>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/environment.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

// The first in PATH, for as long as this lives.
class FakeGpuTool {
 public:
  explicit FakeGpuTool(const std::string& script) {
    const auto tool = folder_.path() / "nvidia-smi";
    WriteFile(tool, "#!/bin/sh\n" + script + "\n");
    ::chmod(tool.c_str(), 0755);
    ::setenv("PATH", (folder_.path().string() + ":" + before_).c_str(), 1);
  }
  ~FakeGpuTool() { ::setenv("PATH", before_.c_str(), 1); }
  FakeGpuTool(const FakeGpuTool&) = delete;
  FakeGpuTool& operator=(const FakeGpuTool&) = delete;

 private:
  const TempDir folder_;
  const std::string before_ = EnvironmentVariable("PATH").value_or("");
};

// As beside a GPU that its driver has lost.
TEST(CheckGpus, AGpuToolThatHangsIsAWarningAfterAWhile) {
  const FakeGpuTool tool("sleep 600");
  const auto findings = CheckGpus(std::chrono::milliseconds(200));
  ASSERT_EQ(findings.size(), 1);
  EXPECT_EQ(findings[0].health, Health::kWarning);
  EXPECT_EQ(findings[0].detail, "nvidia-smi: it does not answer within 200ms");
  EXPECT_THAT(findings[0].remedy, HasSubstr("until nvidia-smi lists the GPU"));
}

TEST(CheckGpus, AGpuToolThatDoesNotStopTalkingIsAWarning) {
  const FakeGpuTool tool("while true; do echo a card; done");
  const auto findings = CheckGpus();
  ASSERT_EQ(findings.size(), 1);
  EXPECT_EQ(findings[0].health, Health::kWarning);
  EXPECT_EQ(findings[0].detail, "nvidia-smi: its answer does not end");
}

}  // namespace
}  // namespace tutti
