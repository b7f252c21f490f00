#include "coordinator/writer/writer.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/check.h"

namespace tutti {

Writer::Writer(Store& store, const Clock& clock, const WriterOptions& options)
    : store_(store), clock_(clock), options_(options) {}

Writer::~Writer() {
  Stop();
}

Status Writer::Start(WriterListener& listener) {
  listener_ = &listener;
  TUTTI_ASSIGN_OR_RETURN(const StoredState state, store_.Load());
  TUTTI_ASSIGN_OR_RETURN(core_, Core::Restore(options_.core, state, Now()));
  thread_ = std::thread([this] { Run(); });
  return {};
}

void Writer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Writer::Post(Decide decide, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      inbox_.push_back({std::move(decide), std::move(done)});
      arrived_.notify_one();
      return;
    }
  }
  done(Unavailable("the coordinator is shutting down; try again in a moment"));
}

void Writer::Run() {
  while (true) {
    std::deque<Request> batch = TakeBatch();
    if (batch.empty()) {
      const std::lock_guard lock(mutex_);
      if (stopping_ && inbox_.empty()) return;
    }
    Process(std::move(batch));
  }
}

std::deque<Writer::Request> Writer::TakeBatch() {
  std::chrono::nanoseconds wait = options_.idle_wait;
  if (const auto deadline = core_->NextDeadline()) {
    wait = std::clamp<std::chrono::nanoseconds>(*deadline - clock_.SteadyNow(),
                                                std::chrono::nanoseconds(0), wait);
  }
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, wait, [this] { return stopping_ || !inbox_.empty(); });
  std::deque<Request> batch;
  while (!inbox_.empty() && batch.size() < options_.max_batch) {
    batch.push_back(std::move(inbox_.front()));
    inbox_.pop_front();
  }
  return batch;
}

void Writer::Process(std::deque<Request> batch) {
  const Moment now = Now();
  Changes changes;
  core_->ExpireLeases(now, changes);
  for (const Request& request : batch) request.decide(*core_, now, changes);
  const std::vector<Grant> grants = core_->Schedule(now, changes);

  Status committed;
  if (!changes.empty()) committed = store_.Commit(changes);
  if (!committed.ok()) {
    spdlog::error("commit of {} changes failed, nothing of it is acknowledged: {}", changes.size(),
                  committed.error().message);
    Reset(committed.error());
  }
  for (const Request& request : batch) request.done(committed);
  if (committed.ok() && !grants.empty()) listener_->OnGrants(grants);
}

// The core has decided what the store does not hold: what is stored is right.
void Writer::Reset(const Error& why) {
  const Result<StoredState> state = store_.Load();
  TUTTI_CHECK(state.ok(), "the store cannot be read after a failed commit: " +
                              (state.ok() ? "" : state.error().message));
  auto core = Core::Restore(options_.core, *state, Now());
  TUTTI_CHECK(core.ok(), "the stored state is contradictory after a failed commit: " +
                             (core.ok() ? "" : core.error().message));
  core_ = *std::move(core);
  listener_->OnReset(why);
}

}  // namespace tutti
