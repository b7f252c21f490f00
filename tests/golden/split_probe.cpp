// Splits as the coordinator makes them: {"kind": "stratified" | "kfold", "labels", "test",
// "validation", "seed", "folds", "fold"} is answered with {"train", "validation", "test"}, or with
// {"refused": message}.
#include "common/split_kinds.h"
#include "tests/golden/probe.h"

namespace tutti {
namespace {

Result<Json> AnswerSplit(const Json& item) {
  TUTTI_ASSIGN_OR_RETURN(const auto labels,
                         Field<std::vector<std::int64_t>>(item, "labels", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto seed, Field<std::int64_t>(item, "seed", "case"));
  TUTTI_ASSIGN_OR_RETURN(const SplitOptions options, ParseSplitOptions(item, seed));
  std::vector<SplitTrack> tracks(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    tracks[i].label = static_cast<std::int32_t>(labels[i]);
  }
  const Result<Split> split = MakeSplit(tracks, options);
  if (!split.ok()) return Json{{"refused", split.error().message}};
  return Json{{"train", split->train}, {"validation", split->validation}, {"test", split->test}};
}

}  // namespace
}  // namespace tutti

int main() {
  return tutti::RunProbe(tutti::AnswerSplit);
}
