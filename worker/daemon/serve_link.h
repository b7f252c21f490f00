// The stream on which a worker that serves is asked to listen: it stays open, and is opened again
// after failures.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "common/random.h"
#include "common/result.h"
#include "tutti/v1/predict.grpc.pb.h"

namespace tutti {

// One thread of its own: requests come one by one, and each waits for its answer anyway.
class ServeLink {
 public:
  // Answers one request, on the stream that it came on. Thread-safe; dropped where that stream is
  // gone. Blocks while the other side does not read.
  using Answer = std::function<void(v1::Heard heard)>;
  using OnRequest = std::function<void(v1::ServeRequest request, Answer answer)>;

  // on_request: called on the link's thread. stub, random outlive it.
  ServeLink(v1::PredictService::StubInterface& stub, RandomSource& random, std::string worker_id,
            std::string token, OnRequest on_request);
  ~ServeLink();
  ServeLink(const ServeLink&) = delete;
  ServeLink& operator=(const ServeLink&) = delete;

 private:
  class Stream;

  void Run();
  // Until the stream ends.
  Status Serve();

  v1::PredictService::StubInterface& stub_;
  RandomSource& random_;
  const std::string worker_id_;
  const std::string token_;
  const OnRequest on_request_;

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::shared_ptr<Stream> stream_;
  std::thread thread_;
};

}  // namespace tutti
