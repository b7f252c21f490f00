// Scores as tutti-train gives them: {"labels", "predictions", "votes": [[slices per class], …]} is
// answered with {"f1_macro", "accuracy", "majority": [class, …]}.
#include "tests/golden/probe.h"
#include "worker/trainer/metrics.h"

namespace tutti {
namespace {

Result<Json> AnswerScores(const Json& item) {
  using Labels = std::vector<std::int64_t>;
  TUTTI_ASSIGN_OR_RETURN(const auto labels, Field<Labels>(item, "labels", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto predictions, Field<Labels>(item, "predictions", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto votes, Field<std::vector<Labels>>(item, "votes", "case"));
  Json majority = Json::array();
  for (const Labels& song : votes) {
    majority.push_back(MajorityClass(std::vector<std::int32_t>(song.begin(), song.end())));
  }
  return Json{{"f1_macro", MacroF1(labels, predictions)},
              {"accuracy", Accuracy(labels, predictions)},
              {"majority", majority}};
}

}  // namespace
}  // namespace tutti

int main() {
  return tutti::RunProbe(tutti::AnswerScores);
}
