// What a reader says about a row that is not there; one text for every store.
#pragma once

#include <string>
#include <string_view>

#include "common/ids.h"
#include "common/result.h"

namespace tutti {

inline Error NoDataset(std::string_view name) {
  return NotFound("no dataset is named \"" + std::string(name) + "\"");
}
inline Error NoSweep(std::string_view name) {
  return NotFound("no sweep is named \"" + std::string(name) + "\"");
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
