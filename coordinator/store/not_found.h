// What a reader says about a row that is not there; one text for every store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/nearest_word.h"
#include "common/result.h"

namespace tutti {

template <class Record>
std::vector<std::string> NamesOf(const std::vector<Record>& records) {
  std::vector<std::string> names;
  for (const Record& record : records) names.push_back(record.name);
  return names;
}

// all: those that there are, of which the nearest is told.
template <class Record>
Error NoDataset(std::string_view name, const std::vector<Record>& all) {
  return NotFound("no dataset is named \"" + std::string(name) + "\"" +
                  DidYouMean(name, NamesOf(all), "tutti dataset list shows what there is"));
}
template <class Record>
Error NoSweep(std::string_view name, const std::vector<Record>& all) {
  return NotFound("no sweep is named \"" + std::string(name) + "\"" +
                  DidYouMean(name, NamesOf(all), "tutti sweeps shows what there is"));
}
inline Error NoSweep(SweepId id) {
  return NotFound("there is no sweep " + std::to_string(id.value));
}
inline Error NoFeatureSet(FeatureSetId id) {
  return NotFound("there is no feature set " + std::to_string(id.value));
}
inline Error NoJob(JobId id) {
  return NotFound("there is no job " + std::to_string(id.value));
}
inline Error NoResult(JobId job) {
  return NotFound("job " + std::to_string(job.value) + " has no result");
}
// Without the hash: a token is looked up for people who may not be who they say.
inline Error NoToken() {
  return NotFound("this token is not known");
}

}  // namespace tutti
