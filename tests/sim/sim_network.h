// The network between the coordinator and its workers: streams that keep their order and break,
// and ways that are closed in one direction or both.
//
// As gRPC does it: within a stream nothing is lost, repeated or reordered; a stream that breaks
// loses what was on its way, or brings it late, while another stream is open already.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/result.h"
#include "tests/sim/timeline.h"
#include "tests/support/sim_random.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// One direction of a stream. A frame, or the error (or the end) that the stream closed with.
template <class Frame>
class Pipe : public std::enable_shared_from_this<Pipe<Frame>> {
 public:
  using Arrival = std::variant<Frame, Error>;
  using Receive = std::function<void(Arrival)>;

  // blocked: whether this direction is closed now.
  Pipe(Timeline& timeline, SimRandom& random, const bool& blocked)
      : timeline_(timeline), random_(random), blocked_(blocked) {}

  void Send(Arrival arrival) {
    const SteadyTime due = timeline_.Now() + Between(random_, 1, 40);
    Push(std::max(due, last_due_), std::move(arrival));
  }
  // The next arrival is given to `receive`, once.
  void Read(Receive receive) {
    receive_ = std::move(receive);
    PollSoon();
  }
  void StopReading() { receive_ = nullptr; }
  // What is on its way comes so much later.
  void Delay(std::chrono::milliseconds by) {
    for (auto& [due, arrival] : queue_) due += by;
    last_due_ += by;
    timeline_.After(by, [weak = this->weak_from_this()] {
      if (const auto self = weak.lock()) self->Poll();
    });
  }
  // Of what is on its way, some of the last is lost.
  void LoseSome() { queue_.resize(Pick(random_, queue_.size() + 1)); }
  // The receiver sees an error now, also while this direction is closed; the rest is lost.
  void BreakForReceiver(Error why) {
    queue_.clear();
    broken_ = std::move(why);
    PollSoon();
  }
  void PollSoon() { PollAfter(std::chrono::milliseconds(0)); }

  std::size_t waiting() const { return queue_.size(); }
  bool is_read() const { return receive_ != nullptr; }

 private:
  void Push(SteadyTime due, Arrival arrival) {
    last_due_ = due;
    queue_.emplace_back(due, std::move(arrival));
    PollAfter(std::chrono::duration_cast<std::chrono::milliseconds>(due - timeline_.Now()));
  }
  void PollAfter(std::chrono::milliseconds delay) {
    timeline_.After(delay, [weak = this->weak_from_this()] {
      if (const auto self = weak.lock()) self->Poll();
    });
  }
  void Poll() {
    if (broken_ && receive_) return std::exchange(receive_, nullptr)(*broken_);
    if (blocked_ || !receive_ || queue_.empty() || queue_.front().first > timeline_.Now()) return;
    Arrival arrival = std::move(queue_.front().second);
    queue_.pop_front();
    // It may ask for the next one.
    std::exchange(receive_, nullptr)(std::move(arrival));
  }

  Timeline& timeline_;
  SimRandom& random_;
  const bool& blocked_;
  std::deque<std::pair<SteadyTime, Arrival>> queue_;
  SteadyTime last_due_{};
  Receive receive_;
  std::optional<Error> broken_;
};

using UpPipe = Pipe<v1::WorkerFrame>;
using DownPipe = Pipe<v1::CoordinatorFrame>;

struct SimStream {
  std::string worker;
  std::shared_ptr<UpPipe> up;
  std::shared_ptr<DownPipe> down;
  bool given_up = false;  // by its worker
};
using SimStreamPtr = std::shared_ptr<SimStream>;

class SimNetwork {
 public:
  // A stream's first frame.
  using Accept = std::function<void(const SimStreamPtr&, UpPipe::Arrival)>;

  SimNetwork(Timeline& timeline, SimRandom& random) : timeline_(timeline), random_(random) {}

  // Nothing: nobody listens.
  void Listen(Accept accept) { accept_ = std::move(accept); }
  SimStreamPtr Connect(const std::string& worker);
  // Breaks a worker's streams at the worker's end, at the coordinator's, or at both: each end sees
  // an error, and what was on its way is lost, or late.
  void Cut(const std::string& worker);
  // False, false: open again.
  void Close(const std::string& worker, bool up, bool down);
  // Nothing was heard for so long that an end gives its streams up, or both do.
  void GiveUp(const std::string& worker, bool worker_end, bool coordinator_end);
  // A call that is answered at once, a transfer, can be made now.
  bool Reaches(const std::string& worker) const;

 private:
  struct Way {
    bool up_closed = false;
    bool down_closed = false;
    std::vector<std::weak_ptr<SimStream>> streams;
  };

  Timeline& timeline_;
  SimRandom& random_;
  Accept accept_;
  std::map<std::string, Way> ways_;
};

}  // namespace tutti
