// Identities as types, so that a job's number cannot be passed where a sweep's is meant.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace tutti {

template <class Tag, class Value>
struct Id {
  Value value{};

  friend auto operator<=>(const Id&, const Id&) = default;
  friend bool operator==(const Id&, const Id&) = default;
};

using SweepId = Id<struct SweepTag, std::int64_t>;
using JobId = Id<struct JobTag, std::int64_t>;
using FeatureSetId = Id<struct FeatureSetTag, std::int64_t>;
using WorkerId = Id<struct WorkerTag, std::string>;  // a UUID, kept in the worker's folder
using BlobHash = Id<struct BlobTag, std::string>;    // SHA-256, 64 lower-case hex digits

// 1 for a job's first attempt; 0 means that there was none yet.
using AttemptNumber = std::int32_t;

}  // namespace tutti

template <class Tag, class Value>
struct std::hash<tutti::Id<Tag, Value>> {
  std::size_t operator()(const tutti::Id<Tag, Value>& id) const {
    return std::hash<Value>{}(id.value);
  }
};
