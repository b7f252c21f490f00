// A worker's frame apart from its events: which session it belongs to, and what becomes of the
// attempts that it says it holds.
#pragma once

#include "common/result.h"
#include "coordinator/core/books.h"
#include "coordinator/core/job_driver.h"

namespace tutti {

// A heartbeat alone does not write to the store more often than this.
inline constexpr std::chrono::milliseconds kLastSeenInterval{60'000};

enum class FrameOrder { kFirst, kLater };  // of its session

// Takes what the frame says about the worker itself. kAborted: a newer session is open, this one
// was closed, or no hello came first.
Result<FrameOrder> EnterSession(Books& books, Batch& batch, const WorkerFrame& frame);

// Gives each live lease that the frame holds a full period, and takes lost attempts back where
// nobody else was granted their job since. Not those whose events have a gap: such an attempt
// cannot go on, and its lease has to run out.
void RenewHeld(Books& books, const Batch& batch, JobDriver& driver, const WorkerFrame& frame);

// Of a session's first frame: leases that the worker does not hold go back to ready at once.
void ReturnNotHeld(Books& books, JobDriver& driver, const WorkerFrame& frame);

// What the frame holds without right is to be dropped; not if its last event has just arrived.
void DropInvalid(const Books& books, Batch& batch, const WorkerFrame& frame);

}  // namespace tutti
