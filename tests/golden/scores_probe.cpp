// Scores as tutti-train and `tutti export` give them: {"labels", "predictions", "classes", "votes":
// [[slices per class], …]} is answered with {"f1_macro", "accuracy", "majority": [class, …],
// "report": {"classes": [row, …], "macro": row, "weighted": row, "accuracy"}, "confusion"}; a row
// is [precision, recall, f1, support].
#include "common/classification_report.h"
#include "tests/golden/probe.h"
#include "worker/trainer/metrics.h"

namespace tutti {
namespace {

Json RowOf(const ClassScores& scores) {
  return {scores.precision, scores.recall, scores.f1, scores.support};
}

Json ReportOf(const ClassificationReport& report) {
  Json classes = Json::array();
  for (const ClassScores& scores : report.classes) classes.push_back(RowOf(scores));
  return {{"classes", classes},
          {"macro", RowOf(report.macro)},
          {"weighted", RowOf(report.weighted)},
          {"accuracy", report.accuracy}};
}

std::vector<std::int32_t> Narrow(const std::vector<std::int64_t>& values) {
  return {values.begin(), values.end()};
}

Result<Json> AnswerScores(const Json& item) {
  using Labels = std::vector<std::int64_t>;
  TUTTI_ASSIGN_OR_RETURN(const auto labels, Field<Labels>(item, "labels", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto predictions, Field<Labels>(item, "predictions", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto votes, Field<std::vector<Labels>>(item, "votes", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto classes, Field<std::int64_t>(item, "classes", "case"));
  Json majority = Json::array();
  for (const Labels& song : votes) {
    majority.push_back(MajorityClass(Narrow(song)));
  }
  const ClassificationReport report = MakeClassificationReport(Narrow(labels), Narrow(predictions),
                                                               static_cast<std::int32_t>(classes));
  return Json{{"report", ReportOf(report)},
              {"confusion", report.confusion},
              {"f1_macro", MacroF1(labels, predictions)},
              {"accuracy", Accuracy(labels, predictions)},
              {"majority", majority}};
}

}  // namespace
}  // namespace tutti

int main() {
  return tutti::RunProbe(tutti::AnswerScores);
}
