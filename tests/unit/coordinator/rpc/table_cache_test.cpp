#include "coordinator/rpc/table_cache.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace tutti {
namespace {

constexpr SweepId kFirst{1};
constexpr SweepId kSecond{2};

class TableCacheTest : public testing::Test {
 protected:
  void Keep(SweepId sweep, const std::string& question, const std::string& answer) {
    cache_.Keep(sweep, question, cache_.VersionOf(sweep), std::make_shared<std::string>(answer));
  }
  // Empty: a table would be made anew.
  std::string Kept(SweepId sweep, const std::string& question) {
    const auto answer = cache_.Find(sweep, question, cache_.VersionOf(sweep));
    return answer ? *answer : "";
  }

  TableCache cache_;
};

TEST_F(TableCacheTest, AnswersWhatWasAskedOfTheSameSweep) {
  Keep(kFirst, "f1", "a");
  Keep(kFirst, "accuracy", "b");
  EXPECT_EQ(Kept(kFirst, "f1"), "a");
  EXPECT_EQ(Kept(kFirst, "accuracy"), "b");
  EXPECT_EQ(Kept(kSecond, "f1"), "");
}

Change ChangeOf(const std::string& kind) {
  PutSweep sweep;
  sweep.row.id = kFirst;
  PutJob job;
  job.row.sweep = kFirst;
  UpdateJob update;
  update.sweep = kFirst;
  if (kind == "sweep") return sweep;
  if (kind == "job") return job;
  if (kind == "update") return update;
  if (kind == "removal") return RemoveRun{JobId{7}, kFirst};
  return PutUndecodable{};
}

class ChangedTable : public TableCacheTest, public testing::WithParamInterface<std::string> {};

TEST_P(ChangedTable, IsMadeAnew) {
  Keep(kFirst, "f1", "a");
  Keep(kSecond, "f1", "b");
  cache_.OnCommitted({ChangeOf(GetParam())});
  EXPECT_EQ(Kept(kFirst, "f1"), "");
  EXPECT_EQ(Kept(kSecond, "f1"), GetParam() == "undecodable" ? "" : "b");
  Keep(kFirst, "f1", "c");
  EXPECT_EQ(Kept(kFirst, "f1"), "c");
}

INSTANTIATE_TEST_SUITE_P(Changes, ChangedTable,
                         testing::Values("sweep", "job", "update", "removal", "undecodable"),
                         [](const auto& param) { return param.param; });

TEST_F(TableCacheTest, ATableMadeWhileItsSweepChangedIsNotKeptForTheNewVersion) {
  const auto before = cache_.VersionOf(kFirst);
  cache_.OnCommitted({ChangeOf("update")});
  cache_.Keep(kFirst, "f1", before, std::make_shared<std::string>("old"));
  EXPECT_EQ(Kept(kFirst, "f1"), "");
}

TEST_F(TableCacheTest, OtherRowsChangeNoTable) {
  Keep(kFirst, "f1", "a");
  cache_.OnCommitted({PutWorker{}, PutToken{}, AppendEvent{}, PutLog{}});
  EXPECT_EQ(Kept(kFirst, "f1"), "a");
}

TEST_F(TableCacheTest, TheLatestAreKeptWithinItsSize) {
  const std::string large(kMostTableBytesKept / 4, 'x');
  for (const std::string question : {"1", "2", "3", "4", "5"}) Keep(kFirst, question, large);
  EXPECT_EQ(Kept(kFirst, "1"), "");
  EXPECT_EQ(Kept(kFirst, "2"), large);
  Keep(kFirst, "too large", std::string(kMostTableBytesKept + 1, 'x'));
  EXPECT_EQ(Kept(kFirst, "too large"), "");
  for (std::size_t i = 0; i <= kMostTablesKept; ++i) Keep(kSecond, std::to_string(i), "a");
  EXPECT_EQ(Kept(kSecond, "0"), "");
  EXPECT_EQ(Kept(kSecond, "1"), "a");
}

}  // namespace
}  // namespace tutti
