#include "worker/daemon/serve_link.h"

#include <utility>

#include <grpcpp/grpcpp.h>
#include <spdlog/spdlog.h>

#include "common/backoff.h"
#include "common/rpc/channel.h"

namespace tutti {
namespace {

constexpr std::chrono::milliseconds kFirstRetry{500};
constexpr std::chrono::milliseconds kLongestRetry{15'000};

}  // namespace

class ServeLink::Stream {
 public:
  Stream(v1::PredictService::StubInterface& stub, const std::string& token) {
    Authorize(context_, token);
    stream_ = stub.Serve(&context_);
  }

  bool Write(const v1::ServeFrame& frame) {
    const std::lock_guard lock(writing_);
    return !ended_ && stream_->Write(frame);
  }
  bool Read(v1::ServeRequest& request) { return stream_->Read(&request); }
  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() {
    const std::lock_guard lock(writing_);
    ended_ = true;
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriterInterface<v1::ServeFrame, v1::ServeRequest>> stream_;
  std::mutex writing_;
  bool ended_ = false;
};

ServeLink::ServeLink(v1::PredictService::StubInterface& stub, RandomSource& random,
                     std::string worker_id, std::string token, OnRequest on_request)
    : stub_(stub),
      random_(random),
      worker_id_(std::move(worker_id)),
      token_(std::move(token)),
      on_request_(std::move(on_request)),
      thread_([this] { Run(); }) {}

ServeLink::~ServeLink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (stream_) stream_->Cancel();
  }
  stopped_.notify_all();
  thread_.join();
}

void ServeLink::Run() {
  Backoff backoff(random_, kFirstRetry, kLongestRetry);
  while (true) {
    const Status ended = Serve();
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (!ended.ok()) spdlog::warn("serving: {}", ended.error().message);
    if (ended.ok()) backoff.Reset();
    if (stopped_.wait_for(lock, backoff.Next(), [this] { return stopping_; })) return;
  }
}

Status ServeLink::Serve() {
  auto stream = std::make_shared<Stream>(stub_, token_);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return {};
    stream_ = stream;
  }
  v1::ServeFrame hello;
  hello.set_worker_id(worker_id_);
  bool was_open = stream->Write(hello);
  v1::ServeRequest request;
  while (stream->Read(request)) {
    on_request_(std::move(request), [stream](v1::Heard heard) {
      v1::ServeFrame frame;
      *frame.mutable_heard() = std::move(heard);
      stream->Write(frame);
    });
    request.Clear();
  }
  const grpc::Status status = stream->Finish();
  if (status.ok() && was_open) return {};
  return FromGrpc(status);
}

}  // namespace tutti
