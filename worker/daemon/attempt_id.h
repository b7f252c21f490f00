// (job, attempt): what a worker's leases, events and folders are named by.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/v1/common.pb.h"

namespace tutti {

struct AttemptId {
  std::int64_t job = 0;
  std::int32_t attempt = 0;

  friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

AttemptId ToAttemptId(const v1::Attempt& attempt);
v1::Attempt ToProto(const AttemptId& id);

// "12-1": names of files and folders. Parse: nothing where the text is no such name.
std::string FileName(const AttemptId& id);
std::optional<AttemptId> ParseFileName(std::string_view name);

// "job 12, attempt 1": for messages.
std::string Describe(const AttemptId& id);

}  // namespace tutti
