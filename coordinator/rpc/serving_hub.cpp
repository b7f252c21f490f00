#include "coordinator/rpc/serving_hub.h"

#include <iterator>
#include <utility>
#include <vector>

namespace tutti {

ServingHub::StreamNumber ServingHub::Add(const WorkerId& worker,
                                         std::shared_ptr<ServingStream> stream) {
  const std::lock_guard lock(mutex_);
  const StreamNumber number = ++last_number_;
  streams_[number] = {worker, std::move(stream), {}};
  return number;
}

void ServingHub::Remove(StreamNumber stream) {
  Serving gone;
  {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return;
    gone = std::move(found->second);
    streams_.erase(found);
  }
  Abandon(gone);
}

void ServingHub::Abandon(Serving& gone) {
  for (auto& [id, done] : gone.waiting) {
    done(Unavailable("the worker that listened went away; try again"));
  }
}

void ServingHub::Close(const WorkerId& worker, const Error& why) {
  std::vector<Serving> closed;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = streams_.begin(); at != streams_.end();) {
      const bool is_its = at->second.worker == worker;
      if (is_its) closed.push_back(std::move(at->second));
      at = is_its ? streams_.erase(at) : std::next(at);
    }
  }
  for (Serving& serving : closed) {
    serving.stream->Close(why);
    Abandon(serving);
  }
}

void ServingHub::OnHeard(StreamNumber stream, v1::Heard heard) {
  Done done;
  WorkerId worker;
  {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return;
    const auto waiting = found->second.waiting.find(heard.request_id());
    if (waiting == found->second.waiting.end()) return;
    done = std::move(waiting->second);
    worker = found->second.worker;
    found->second.waiting.erase(waiting);
  }
  done(Answer{std::move(heard), worker});
}

ServingHub::Serving* ServingHub::Choose() {
  Serving* chosen = nullptr;
  for (auto& [number, serving] : streams_) {
    if (chosen == nullptr || serving.waiting.size() < chosen->waiting.size()) chosen = &serving;
  }
  return chosen;
}

void ServingHub::Ask(v1::ServeRequest request, Done done) {
  std::shared_ptr<ServingStream> stream;
  Error refusal;
  {
    const std::lock_guard lock(mutex_);
    Serving* serving = Choose();
    if (serving == nullptr) {
      refusal = Unavailable(
          "no worker serves predictions: start one with tutti-worker --serve, or run tutti predict "
          "FILE on your machine");
    } else if (serving->waiting.size() >= kMaxWaitingPredictions) {
      refusal = ResourceExhausted(std::to_string(kMaxWaitingPredictions) +
                                  " files wait already for each worker that listens; try again in "
                                  "a few seconds");
    } else {
      request.set_id(++last_number_);
      serving->waiting[request.id()] = std::move(done);
      stream = serving->stream;
    }
  }
  if (stream == nullptr) return done(std::move(refusal));
  stream->Send(std::move(request));
}

int ServingHub::workers() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(streams_.size());
}

}  // namespace tutti
