#include "common/runner_environment.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class RunnerEnvironmentTest : public testing::Test {
 protected:
  RunnerEnvironmentTest() { Unset(); }
  ~RunnerEnvironmentTest() override { Unset(); }
  static void Unset() {
    ::unsetenv("GOMP_SPINCOUNT");
    ::unsetenv("OMP_WAIT_POLICY");
  }
};

TEST_F(RunnerEnvironmentTest, ThreadsWaitForEachOtherButNotForLong) {
  EXPECT_THAT(RunnerEnvironment(), ElementsAre(Pair("GOMP_SPINCOUNT", "10000")));
}

TEST_F(RunnerEnvironmentTest, WhatTheUserHasSetStays) {
  for (const char* name : {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}) {
    Unset();
    ::setenv(name, "7", 1);
    EXPECT_THAT(RunnerEnvironment(), IsEmpty()) << name;
  }
}

}  // namespace
}  // namespace tutti
