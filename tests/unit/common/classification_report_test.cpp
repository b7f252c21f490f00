#include "common/classification_report.h"

#include <array>

#include <gtest/gtest.h>

namespace tutti {
namespace {

// scikit-learn 1.9.1: classification_report([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2],
// labels=range(4), zero_division=0, output_dict=True).
TEST(ClassificationReport, EqualsScikitLearns) {
  const std::array labels{0, 0, 1, 2, 2, 2};
  const std::array predictions{0, 1, 1, 2, 0, 2};
  const ClassificationReport report = MakeClassificationReport(labels, predictions, 4);
  ASSERT_EQ(report.classes.size(), 4U);
  EXPECT_DOUBLE_EQ(report.classes[0].precision, 0.5);
  EXPECT_DOUBLE_EQ(report.classes[0].recall, 0.5);
  EXPECT_DOUBLE_EQ(report.classes[1].precision, 0.5);
  EXPECT_DOUBLE_EQ(report.classes[1].recall, 1.0);
  EXPECT_DOUBLE_EQ(report.classes[1].f1, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.classes[2].precision, 1.0);
  EXPECT_DOUBLE_EQ(report.classes[2].recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.classes[2].f1, 0.8);
  EXPECT_EQ(report.classes[2].support, 3);
  EXPECT_DOUBLE_EQ(report.classes[3].f1, 0.0) << "a class that does not occur";
  EXPECT_DOUBLE_EQ(report.accuracy, 4.0 / 6);
  EXPECT_DOUBLE_EQ(report.macro.f1, (0.5 + 2.0 / 3 + 0.8 + 0.0) / 4);
  EXPECT_DOUBLE_EQ(report.weighted.f1, (2 * 0.5 + 2.0 / 3 + 3 * 0.8) / 6);
  EXPECT_EQ(report.macro.support, 6);
  EXPECT_EQ(report.confusion[0], (std::vector<std::int64_t>{1, 1, 0, 0}));
  EXPECT_EQ(report.confusion[2], (std::vector<std::int64_t>{1, 0, 2, 0}));
}

}  // namespace
}  // namespace tutti
