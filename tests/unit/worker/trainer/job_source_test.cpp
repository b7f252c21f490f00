#include "worker/trainer/job_source.h"

#include <sstream>

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(JobSource, GivesJobsInOrderAndThenNothing) {
  std::istringstream in("{\"job\":1}\n\n{\"job\":2}\n");
  JobSource source(in);
  EXPECT_EQ(source.Next(), "{\"job\":1}");
  EXPECT_EQ(source.Next(), "{\"job\":2}");
  EXPECT_EQ(source.Next(), std::nullopt);
  EXPECT_TRUE(source.StopAsked()) << "nobody is there any more";
}

TEST(JobSource, ACommandIsNoJob) {
  std::istringstream in("{\"command\":\"cancel\"}\n{\"command\":\"dance\"}\n{\"job\":1}\n");
  JobSource source(in);
  EXPECT_EQ(source.Next(), "{\"job\":1}");
  EXPECT_EQ(source.Next(), std::nullopt);
}

// What is no JSON is a job as well: the runner answers it with an error.
TEST(JobSource, ALineThatIsNoJsonIsGivenOn) {
  std::istringstream in("what?\n");
  JobSource source(in);
  EXPECT_EQ(source.Next(), "what?");
}

}  // namespace
}  // namespace tutti
