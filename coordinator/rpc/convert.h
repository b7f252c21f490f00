// Between the wire's messages and the core's words. Fields of incoming messages are checked here
// and nowhere else.
#pragma once

#include "common/result.h"
#include "coordinator/core/core.h"
#include "coordinator/core/records.h"
#include "coordinator/store/store.h"
#include "tutti/v1/common.pb.h"
#include "tutti/v1/sweep.pb.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// kInvalidArgument, naming the field: no worker id, ids that are not positive, an event without
// payload, a failure class or a job kind that this release does not know, a hash that is none, more
// than kMax… entries, shares of the machine beyond 0 to 1. `use` itself is no part of it: the core
// decides nothing by it.
Result<WorkerFrame> FromProto(const v1::WorkerFrame& frame);

void AppendToProto(const FrameOutcome& outcome, v1::CoordinatorFrame& frame);
v1::CoordinatorFrame::Drop ToProto(const Drop& drop);

v1::JobKind ToProto(JobKind kind);
v1::JobPhase ToProto(JobPhase phase);
v1::FailureClass ToProto(FailureClass failure);
JobPhase FromProto(v1::JobPhase phase);  // unknown: kBlocked

v1::Attempt ToProto(const AttemptKey& attempt);
v1::EpochPoint ToProto(const EpochRecord& epoch);
v1::Artifact ToProto(const ArtifactRecord& artifact);
v1::AttemptInfo ToProto(const AttemptRecord& attempt);
v1::DatasetInfo ToProto(const DatasetRecord& dataset);

}  // namespace tutti
