// Wire values as the words and JSON that people read.
#pragma once

#include <cstdint>
#include <string>

#include "common/json.h"
#include "common/result.h"
#include "tutti/v1/sweep.pb.h"

namespace tutti {

std::string PhaseName(v1::JobPhase phase);          // "running"
std::string KindName(v1::JobKind kind);             // "train"
std::string FailureName(v1::FailureClass failure);  // "out_of_memory"; empty: none
std::string TimeText(std::int64_t unix_ms);         // "2026-11-23 04:12:02 UTC"; "–" for 0

OrderedJson ToJson(const v1::SweepInfo& sweep);
OrderedJson ToJson(const v1::DatasetInfo& dataset);
OrderedJson ToJson(const v1::JobInfo& job);
OrderedJson ToJson(const v1::GetJobResponse& job);
OrderedJson ToJson(const v1::WorkerInfo& worker);
OrderedJson ToJson(const v1::SubmitSweepResponse& report);
OrderedJson ToJson(const v1::Event& event);
OrderedJson ToJson(const v1::ExplainResponse& explained);
// The documented JSON of both result tables (cli/README.md). kDataLoss: a cell's configuration is
// no JSON.
Result<OrderedJson> ToJson(const v1::GetTableResponse& table);

}  // namespace tutti
