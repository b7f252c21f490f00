#include "worker/daemon/attempt_id.h"

#include <charconv>

namespace tutti {

AttemptId ToAttemptId(const v1::Attempt& attempt) {
  return {attempt.job_id(), attempt.attempt()};
}

v1::Attempt ToProto(const AttemptId& id) {
  v1::Attempt attempt;
  attempt.set_job_id(id.job);
  attempt.set_attempt(id.attempt);
  return attempt;
}

std::string FileName(const AttemptId& id) {
  return std::to_string(id.job) + "-" + std::to_string(id.attempt);
}

std::optional<AttemptId> ParseFileName(std::string_view name) {
  AttemptId id;
  const char* end = name.data() + name.size();
  const auto [dash, job_error] = std::from_chars(name.data(), end, id.job);
  if (job_error != std::errc{} || dash == end || *dash != '-') return std::nullopt;
  const auto [rest, attempt_error] = std::from_chars(dash + 1, end, id.attempt);
  if (attempt_error != std::errc{} || rest != end) return std::nullopt;
  // One name per attempt: "012-1" is none.
  if (id.job <= 0 || id.attempt <= 0 || FileName(id) != name) return std::nullopt;
  return id;
}

std::string Describe(const AttemptId& id) {
  return "job " + std::to_string(id.job) + ", attempt " + std::to_string(id.attempt);
}

}  // namespace tutti
