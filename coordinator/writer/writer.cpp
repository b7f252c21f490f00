#include "coordinator/writer/writer.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace tutti {

Writer::Writer(Store& store, const Clock& clock, const WriterOptions& options)
    : clock_(clock), options_(options), commit_(store, clock, options.core) {}

Writer::~Writer() {
  Stop();
}

Status Writer::Start(WriterListener& listener) {
  TUTTI_RETURN_IF_ERROR(commit_.Start(listener));
  looked_at_ = clock_.SteadyNow();
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
  Add({std::move(decide), std::move(done), nullptr});
}

void Writer::PostLook(GroupCommit::Look look, Done done) {
  Add({nullptr, std::move(done), std::move(look)});
}

void Writer::Add(GroupCommit::Request request) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      inbox_.push_back(std::move(request));
      arrived_.notify_one();
      return;
    }
  }
  request.done(Unavailable("the coordinator is shutting down; try again in a moment"));
}

void Writer::Run() {
  while (true) {
    std::deque<GroupCommit::Request> batch = TakeBatch();
    if (batch.empty()) {
      const std::lock_guard lock(mutex_);
      if (stopping_ && inbox_.empty()) return;
    }
    ForgiveOwnAbsence();
    commit_.Process(std::move(batch));
  }
}

std::deque<GroupCommit::Request> Writer::TakeBatch() {
  std::chrono::nanoseconds wait = options_.idle_wait;
  if (const auto deadline = commit_.NextDeadline()) {
    wait = std::clamp<std::chrono::nanoseconds>(*deadline - clock_.SteadyNow(),
                                                std::chrono::nanoseconds(0), wait);
  }
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, wait, [this] { return stopping_ || !inbox_.empty(); });
  std::deque<GroupCommit::Request> batch;
  while (!inbox_.empty() && batch.size() < options_.max_batch) {
    batch.push_back(std::move(inbox_.front()));
    inbox_.pop_front();
  }
  return batch;
}

void Writer::ForgiveOwnAbsence() {
  const SteadyTime now = clock_.SteadyNow();
  const auto away = now - std::exchange(looked_at_, now);
  if (away < options_.idle_wait + options_.core.lease / options_.away_share) return;
  spdlog::warn("nothing could be heard for {} ms: every lease gets its full time again",
               std::chrono::duration_cast<std::chrono::milliseconds>(away).count());
  commit_.ForgiveSilence();
}

}  // namespace tutti
