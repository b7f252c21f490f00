// The workers that serve predictions, and the requests that wait for their answers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/ids.h"
#include "common/result.h"
#include "tutti/v1/predict.pb.h"

namespace tutti {

// Of one worker: it answers one after the other.
inline constexpr std::size_t kMaxWaitingPredictions = 16;

// One worker's stream, as the hub sees it. Thread-safe; does not block.
class ServingStream {
 public:
  virtual ~ServingStream() = default;
  virtual void Send(v1::ServeRequest request) = 0;
  virtual void Close(const Error& why) = 0;
};

// Thread-safe.
class ServingHub {
 public:
  struct Answer {
    v1::Heard heard;
    WorkerId worker;
  };
  // Once, on any thread.
  using Done = std::function<void(Result<Answer>)>;
  using StreamNumber = std::int64_t;

  StreamNumber Add(const WorkerId& worker, std::shared_ptr<ServingStream> stream);
  // What it was asked is answered kUnavailable.
  void Remove(StreamNumber stream);
  // All of this worker's streams; what they were asked is answered kUnavailable.
  void Close(const WorkerId& worker, const Error& why);
  // What the worker says of a request; ignored where nobody waits for it.
  void OnHeard(StreamNumber stream, v1::Heard heard);

  // To the worker with the fewest that wait; its `id` is set here. kUnavailable: nobody serves.
  // kResourceExhausted: kMaxWaitingPredictions wait everywhere.
  void Ask(v1::ServeRequest request, Done done);

  int workers() const;

 private:
  struct Serving {
    WorkerId worker;
    std::shared_ptr<ServingStream> stream;
    std::map<std::int64_t, Done> waiting;  // by request
  };

  Serving* Choose();
  static void Abandon(Serving& gone);

  mutable std::mutex mutex_;
  std::map<StreamNumber, Serving> streams_;
  std::int64_t last_number_ = 0;
};

}  // namespace tutti
